import { cutText, NanoAgentError } from "@nanoagent/models";
import { ServiceError } from "../errors/service-error.js";

/** Largest ask, in bytes. A question of a person has a few hundred; every ask that waits is kept in memory. */
export const MAX_ASK_BYTES = 8 * 1024;
/** Longest id and longest name of a conversation, in characters. */
const MAX_NAME_CHARACTERS = 200;

const KEYS = ["text", "id", "conversation"];

/** A message at `PREFIX/ID/ask`. */
export interface Ask {
  readonly text: string;
  /** The sender's id, which comes back with the answer, or null. */
  readonly id: string | number | null;
  readonly conversation: string | null;
  /** Whether the message was a text instead of JSON. */
  readonly isPlain: boolean;
}

export type AskReading =
  | { readonly ask: Ask }
  | { readonly id: string | number | null; readonly error: NanoAgentError };

/**
 * Reads a text, or JSON with `text`, `id` and `conversation`. A payload that begins with a brace must be JSON, so that a
 * broken message is not answered as if it was a question.
 */
export function readAsk(payload: Uint8Array): AskReading {
  if (payload.byteLength > MAX_ASK_BYTES) return { id: null, error: tooLarge() };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(payload).trim();
  } catch {
    return { id: null, error: ServiceError.invalid("text", "The message is not UTF-8.", "Send its text as UTF-8.") };
  }
  if (text === "") return { id: null, error: textMissing() };
  return text.startsWith("{") ? readObject(text) : { ask: { text, id: null, conversation: null, isPlain: true } };
}

function readObject(json: string): AskReading {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(json) as Record<string, unknown>;
  } catch {
    const hint = 'Send a text, or JSON such as {"text": "How warm is it?", "id": "7"}.';
    return { id: null, error: ServiceError.invalid(null, "The message begins with { but is not JSON.", hint) };
  }
  const id = isId(fields.id) ? fields.id : null;
  const refuse = (param: string, message: string): AskReading => ({
    id,
    error: ServiceError.invalid(param, message, `An ask has the keys ${KEYS.join(", ")}.`),
  });
  const unknown = Object.keys(fields).find((key) => !KEYS.includes(key));
  if (unknown !== undefined)
    return refuse(unknown, `Unknown key ${JSON.stringify(cutText(unknown, MAX_NAME_CHARACTERS))}.`);
  const { text, conversation = null } = fields;
  if (typeof text !== "string" || text.trim() === "") return { id, error: textMissing() };
  if (fields.id !== undefined && fields.id !== null && id === null) {
    return refuse("id", `The id must be a number, or a text of at most ${MAX_NAME_CHARACTERS} characters.`);
  }
  if (conversation !== null && !isName(conversation)) {
    return refuse("conversation", `The conversation must be a text of 1 to ${MAX_NAME_CHARACTERS} characters.`);
  }
  return { ask: { text, id, conversation, isPlain: false } };
}

function isId(value: unknown): value is string | number {
  return typeof value === "number" || (typeof value === "string" && value.length <= MAX_NAME_CHARACTERS);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_NAME_CHARACTERS;
}

function textMissing(): NanoAgentError {
  return ServiceError.invalid("text", "The message has no text.", "Send the text of a question.");
}

function tooLarge(): NanoAgentError {
  return new NanoAgentError({
    code: "message-too-large",
    message: `The message exceeds the limit of ${MAX_ASK_BYTES} bytes.`,
    hint: "Send only the part that matters.",
  });
}
