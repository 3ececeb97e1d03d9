import { ServiceError } from "../errors/service-error.js";
import { bodyTaken } from "./body-errors.js";
import type { BodyShare } from "./body-space.js";

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
  const values = countValues(bytes);
  if (typeof values === "string") throw ServiceError.invalid(null, values, "Send a simpler body.");
  return share.parse(bytes, bytes.byteLength * CHARACTER_BYTES + values * VALUE_BYTES, parse);
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

/**
 * Counts the values before anything is parsed, or returns why there are too many or they are nested too deep. Brackets and
 * commas within strings do not count.
 */
function countValues(bytes: Uint8Array): number | string {
  const { length } = bytes;
  let depth = 0;
  let values = 1;
  for (let index = 0; index < length; index += 1) {
    switch (bytes[index]) {
      case QUOTE: {
        // Most bytes are in strings. This loop takes 2 ns a byte.
        index += 1;
        for (let byte = bytes[index]; byte !== QUOTE && index < length; byte = bytes[index]) {
          index += byte === BACKSLASH ? 2 : 1;
        }
        break;
      }
      case OPEN_BRACKET:
      case OPEN_BRACE:
        depth += 1;
        values += 1;
        if (depth > MAX_NESTING) return `The body is nested deeper than ${MAX_NESTING} levels.`;
        break;
      case COMMA:
        values += 1;
        if (values > MAX_VALUES) return `The body has more than ${MAX_VALUES} values.`;
        break;
      case CLOSE_BRACKET:
      case CLOSE_BRACE:
        depth -= 1;
        break;
      default:
    }
  }
  return values > MAX_VALUES ? `The body has more than ${MAX_VALUES} values.` : values;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
