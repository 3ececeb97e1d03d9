import { HubError } from "../hub-error.js";
import type { HttpResponse } from "../network/http-client.js";

/** Reads a body as JSON. Throws a `HubError` with code `hub-refused` for a page or other text. */
export async function readJson(response: HttpResponse, maxBytes: number): Promise<unknown> {
  return parseJson(await response.text(maxBytes), response.url);
}

/** Parses the text of an answer from an address. */
export function parseJson(text: string, url: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformedAnswer(url, "The answer is not JSON. A proxy or a page for signing in may have answered.", cause);
  }
}

/** Returns the error for an answer that cannot be used. */
export function malformedAnswer(url: string, reason: string, cause?: unknown): HubError {
  const { host } = new URL(url);
  return new HubError({
    code: "hub-refused",
    message: `${host} sent an answer that cannot be used.`,
    reason,
    hint: "Try again later, and check the address in HF_ENDPOINT or NANOAGENT_OLLAMA_REGISTRY if you set one.",
    cause,
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

/** Returns a value as a short text on one line without control characters, or null. */
export function asShortText(value: unknown, maxCharacters: number): string | null {
  if (typeof value !== "string") return null;
  const text = value.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu, " ").trim();
  return text === "" ? null : text.slice(0, maxCharacters);
}
