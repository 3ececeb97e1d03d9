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
  let depth = 0;
  let values = 1;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index];
    if (byte === QUOTE) index = endOfString(bytes, index + 1);
    else if (byte === COMMA) values += 1;
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      depth += 1;
      values += 1;
      if (depth > MAX_NESTING) return `The body is nested deeper than ${MAX_NESTING} levels.`;
    } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) depth -= 1;
    if (values > MAX_VALUES) return `The body has more than ${MAX_VALUES} values.`;
  }
  return null;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Returns the index of the closing quote, or the length if it is missing. */
function endOfString(bytes: Uint8Array, from: number): number {
  let index = from;
  while (index < bytes.length && bytes[index] !== QUOTE) index += bytes[index] === BACKSLASH ? 2 : 1;
  return index;
}
