import { AgentMessage, type AgentMessageInput, InvalidDataError } from "@nanoagent/models";
import { NanoRuntimeError } from "./nano-runtime-error.js";
import { wholeText } from "./whole-text.js";

/** Most bytes of a message, in UTF-8: a longer one would push everything else out of the history. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Returns the message that a turn answers. Throws `invalid-message` or `message-too-large`. */
export function checkMessage(message: string | AgentMessageInput): AgentMessage {
  const input = typeof message === "string" ? { role: "user", content: message } : message;
  const result = AgentMessage.safeParse(input);
  if (!result.success) {
    throw new NanoRuntimeError({
      code: "invalid-message",
      message: `The message is not valid: ${new InvalidDataError(result.issues).message}.`,
      hint: 'Pass a string, or { role: "user", content: "…" }.',
    });
  }
  const { role, content } = result.value;
  if (role !== "user") {
    throw new NanoRuntimeError({
      code: "invalid-message",
      message: `A message to answer comes from the user, not from the role "${role}".`,
      hint: 'Pass { role: "user", content: "…" }.',
    });
  }
  if (isTooLarge(content)) {
    throw new NanoRuntimeError({
      code: "message-too-large",
      message: `The message has more than ${MAX_MESSAGE_BYTES} bytes, the most that is taken.`,
      hint: "Send it in parts.",
    });
  }
  return Object.freeze({ ...result.value, content: wholeText(content) });
}

/** Most texts are far from the limit in any encoding and need no counting. */
function isTooLarge(text: string): boolean {
  if (text.length * 3 <= MAX_MESSAGE_BYTES) return false;
  return text.length > MAX_MESSAGE_BYTES || new TextEncoder().encode(text).length > MAX_MESSAGE_BYTES;
}
