import { HubError } from "../hub-error.js";
import { checkAddress } from "../network/connection-errors.js";
import type { HttpResponse } from "../network/http-client.js";
import { maskTokens } from "../network/secrets.js";

/** Deepest nesting of an answer. Those of the hub have four levels; each level of a hostile one costs memory. */
const MAX_NESTING = 32;

/** Most lists and objects of an answer. A listing of 5,000 files has 10,001, or 15,001 with their latest commits. */
const MAX_PARTS = 50_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LEFT_BRACKET = 0x5b;
const RIGHT_BRACKET = 0x5d;
const LEFT_BRACE = 0x7b;
const RIGHT_BRACE = 0x7d;

/** The answer that a value comes from, for messages. */
type AnswerOrigin = Pick<HttpResponse, "url" | "setting">;

/** Reads a body as JSON. Throws a `HubError` with code `hub-refused` for a page or other text. */
export async function readJson(response: HttpResponse, maxBytes: number): Promise<unknown> {
  return parseJson(await response.text(maxBytes), response);
}

/** Parses the text of an answer. */
export function parseJson(text: string, origin: AnswerOrigin): unknown {
  const excess = excessOf(text);
  if (excess !== null) throw malformedAnswer(origin, excess);
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message repeats a part of the text.
    throw malformedAnswer(origin, "The answer is not JSON. A proxy or a page for signing in may have answered.");
  }
}

/** Returns why the lists and objects of a text cost too much memory, or null. The text may be malformed. */
export function excessOf(text: string): string | null {
  let depth = 0;
  let parts = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) isInString = !isInString;
    else if (isInString) at += code === BACKSLASH ? 1 : 0;
    else if (code === LEFT_BRACKET || code === LEFT_BRACE) {
      depth += 1;
      parts += 1;
      if (depth > MAX_NESTING) return `Its values are nested more than ${MAX_NESTING} levels deep.`;
      if (parts > MAX_PARTS) return `It has more than ${MAX_PARTS} lists and objects.`;
    } else if (code === RIGHT_BRACKET || code === RIGHT_BRACE) depth -= 1;
  }
  return null;
}

/** Returns the error for an answer that cannot be used. */
export function malformedAnswer({ url, setting }: AnswerOrigin, reason: string): HubError {
  const { host } = new URL(url);
  return new HubError({
    code: "hub-refused",
    message: `${host} sent an answer that cannot be used.`,
    reason,
    hint: `Try again later. ${checkAddress(setting)}`,
  });
}

/** Returns a value as an object, or null. */
export function asObject(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

/** Returns a value as a safe size in bytes, or null. */
export function asBytes(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
}

/** Returns a value as a short text on one line without control characters and access tokens, or null. */
export function asShortText(value: unknown, maxCharacters: number): string | null {
  if (typeof value !== "string") return null;
  const text = value.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu, " ").trim();
  return text === "" ? null : maskTokens(text).slice(0, maxCharacters);
}
