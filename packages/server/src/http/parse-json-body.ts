import { ServiceError } from "../errors/service-error.js";

/** Deepest nesting. Schemas of tools need 20 levels; code that walks a value must not run out of stack. */
const MAX_NESTING = 200;
/** Most values in a body. Four megabytes of `[],[],…` would become 100 MB of memory. */
const MAX_VALUES = 250_000;

/** Parses a body as JSON. Throws {@link ServiceError} with status 400 for malformed or excessively complex JSON. */
export function parseJsonBody(bytes: Uint8Array): unknown {
  if (bytes.byteLength === 0) {
    throw ServiceError.invalid(null, "The request has no body.", "Send a JSON object as the body.");
  }
  const problem = findExcess(bytes);
  if (problem !== null) throw ServiceError.invalid(null, problem, "Send a simpler body.");
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

/** Counts nesting and values before anything is parsed. Brackets and commas within strings do not count. */
function findExcess(bytes: Uint8Array): string | null {
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
  return values > MAX_VALUES ? `The body has more than ${MAX_VALUES} values.` : null;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
