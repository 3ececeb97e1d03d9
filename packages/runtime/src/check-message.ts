import { AgentMessage, type AgentMessageInput, InvalidDataError } from "@nanoagent/models";
import { NanoRuntimeError } from "./nano-runtime-error.js";
import { timestamp } from "./timestamp.js";
import { wholeText } from "./whole-text.js";

/** Most bytes of a message, in UTF-8: a longer one would push everything else out of the history. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Returns the message that a turn answers. Throws `invalid-message` or `message-too-large`. */
export function checkMessage(message: string | AgentMessageInput): AgentMessage {
  if (typeof message === "string") return withinBounds({ role: "user", content: message, timestamp: timestamp() });
  const result = AgentMessage.safeParse(message);
  if (!result.success) {
    throw new NanoRuntimeError({
      code: "invalid-message",
      message: `The message is not valid: ${new InvalidDataError(result.issues).message}.`,
      hint: 'Pass a string, or { role: "user", content: "…" }.',
    });
  }
  const { role } = result.value;
  if (role !== "user") {
    throw new NanoRuntimeError({
      code: "invalid-message",
      message: `A message to answer comes from the user, not from the role "${role}".`,
      hint: 'Pass { role: "user", content: "…" }.',
    });
  }
  return withinBounds(result.value);
}

function withinBounds(message: AgentMessage): AgentMessage {
  if (isTooLarge(message.content)) {
    throw new NanoRuntimeError({
      code: "message-too-large",
      message: `The message has more than ${MAX_MESSAGE_BYTES} bytes, the most that is taken.`,
      hint: "Send it in parts.",
    });
  }
  const content = wholeText(message.content);
  // V8 makes a class of its own for each copy that is changed and frozen, which takes more than the message.
  return Object.freeze(content === message.content ? message : { ...message, content });
}

/** Most texts are far from the limit in any encoding and need no counting. */
function isTooLarge(text: string): boolean {
  if (text.length * 3 <= MAX_MESSAGE_BYTES) return false;
  return text.length > MAX_MESSAGE_BYTES || new TextEncoder().encode(text).length > MAX_MESSAGE_BYTES;
}
