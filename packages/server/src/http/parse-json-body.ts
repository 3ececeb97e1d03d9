import { ServiceError } from "../errors/service-error.js";
import { bodyTaken } from "./body-errors.js";
import type { BodyShare } from "./body-space.js";
import { countJsonValues } from "./count-json-values.js";

/** Deepest nesting. Schemas of tools need 20 levels; code that walks a value must not run out of stack. */
const MAX_NESTING = 200;
/** Most values in a body. Four megabytes of `[],[],…` would become 100 MB of memory. */
const MAX_VALUES = 250_000;

/** Memory of a parsed value, besides its text: a member of an object, with its name. */
const VALUE_BYTES = 128;
/** Memory of a character in a parsed text. */
const CHARACTER_BYTES = 2;

/**
 * Parses a body as JSON, in the space of its request. `header` returns the value of a header, or null. Rejects with
 * {@link ServiceError}: status 400 for malformed or excessively complex JSON, 503 if there is no space for its values.
 */
export async function parseJsonBody(
  bytes: Uint8Array,
  share: BodyShare,
  header: (name: string) => string | null,
): Promise<unknown> {
  if (bytes.byteLength === 0) {
    if (Number(header("content-length") ?? 0) > 0) throw bodyTaken();
    throw ServiceError.invalid(null, "The request has no body.", "Send a JSON object as the body.");
  }
  const values = countJsonValues(bytes, MAX_NESTING, MAX_VALUES);
  if (values === "too-deep") throw tooComplex(`The body is nested deeper than ${MAX_NESTING} levels.`);
  if (values === "too-many") throw tooComplex(`The body has more than ${MAX_VALUES} values.`);
  return share.parse(bytes, bytes.byteLength * CHARACTER_BYTES + values * VALUE_BYTES, parse);
}

function tooComplex(message: string): ServiceError {
  return ServiceError.invalid(null, message, "Send a simpler body.");
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8(bytes));
  } catch (cause) {
    // The engine's message quotes the body, which may be private. Only the position is passed on.
    const position = cause instanceof SyntaxError ? /position \d+/.exec(cause.message)?.[0] : undefined;
    const where = position === undefined ? "" : ` (at ${position})`;
    throw ServiceError.invalid(null, `The body is not valid JSON${where}.`, "Send a JSON object, encoded as UTF-8.");
  }
}

// A byte order mark is removed by the decoder.
const strictDecoder = new TextDecoder("utf-8", { fatal: true });

function decodeUtf8(bytes: Uint8Array): string {
  return strictDecoder.decode(bytes);
}
