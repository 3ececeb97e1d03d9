import type { AgentMessage, MessageEnd } from "@nanoagent/models";

const remarks: Record<MessageEnd, string> = {
  stop: "",
  length: "cut off at a limit",
  interrupted: "stopped while being written",
};

/** Who said a message, and what kept it from being complete: `assistant (cut off at a limit)`. */
export function messageHead(
  { role, ended = "stop" }: { role: string; ended?: AgentMessage["ended"] },
  details = "",
): string {
  const remark = [details, remarks[ended]].filter((part) => part !== "").join(", ");
  return remark === "" ? role : `${role} (${remark})`;
}
