import type { AgentMessage, MessageEnd } from "@nanoagent/models";

const remarks: Record<MessageEnd, string> = {
  stop: "",
  length: "cut off at a limit",
  interrupted: "stopped while being written",
};

/** Returns the role of a message, and why it is incomplete: `assistant (cut off at a limit)`. */
export function messageHead(
  { role, ended = "stop" }: { role: string; ended?: AgentMessage["ended"] },
  details = "",
): string {
  const remark = [details, remarks[ended]].filter((part) => part !== "").join(", ");
  return remark === "" ? role : `${role} (${remark})`;
}
