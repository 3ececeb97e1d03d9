import type { AgentMessage, MessageEnd } from "@nanoagent/models";
import type { ConversationMessage } from "@nanoagent/runtime";
import { visibleJson } from "./visible-text.js";

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

/** Returns the text of a message, followed by the tools that it calls: `calls water_bed {"zone":"north"}`. */
export function messageText({
  content,
  tool_calls: calls = [],
}: Pick<ConversationMessage, "content" | "tool_calls">): string {
  const called = calls.map(({ name, arguments: values }) => `calls ${name} ${visibleJson(values)}`);
  return [...(content === "" ? [] : [content]), ...called].join("\n");
}
