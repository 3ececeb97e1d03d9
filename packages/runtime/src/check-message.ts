import { AgentMessage, type AgentMessageInput, InvalidDataError } from "@nanoagent/models";
import { NanoRuntimeError } from "./nano-runtime-error.js";
import { timestamp } from "./timestamp.js";
import { wholeText } from "./whole-text.js";

/** Most bytes of a message, in UTF-8. A longer one would push everything else out of the history. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Returns the message for a turn. Throws `invalid-message` or `message-too-large`. */
export function checkMessage(message: string | AgentMessageInput): AgentMessage {
  if (typeof message === "string") return withinBounds({ role: "user", content: message, timestamp: timestamp() });
  const result = AgentMessage.safeParse(message);
  if (!result.success) {
    throw new NanoRuntimeError({
      code: "invalid-message",
      message: `Invalid message: ${new InvalidDataError(result.issues).message}.`,
      hint: 'Pass a string, or { role: "user", content: "…" }.',
    });
  }
  const { role } = result.value;
  if (role !== "user") {
    throw new NanoRuntimeError({
      code: "invalid-message",
      message: `The message must have the role "user", not "${role}".`,
      hint: 'Pass { role: "user", content: "…" }.',
    });
  }
  return withinBounds(result.value);
}

function withinBounds(message: AgentMessage): AgentMessage {
  if (isTooLarge(message.content)) {
    throw new NanoRuntimeError({
      code: "message-too-large",
      message: `The message exceeds the limit of ${MAX_MESSAGE_BYTES} bytes.`,
      hint: "Split it into several messages.",
    });
  }
  const content = wholeText(message.content);
  // V8 creates a separate hidden class for each modified and frozen copy, which is larger than the message.
  return Object.freeze(content === message.content ? message : { ...message, content });
}

/** Most texts are far below the limit in any encoding and need no counting. */
function isTooLarge(text: string): boolean {
  if (text.length * 3 <= MAX_MESSAGE_BYTES) return false;
  return text.length > MAX_MESSAGE_BYTES || new TextEncoder().encode(text).length > MAX_MESSAGE_BYTES;
}
