/**
 * Counts the values of JSON before anything is parsed, or returns why there are more levels or values than allowed. Brackets
 * and commas within strings do not count. Bytes that are not JSON give any count.
 */
export function countJsonValues(bytes: Uint8Array, maxLevels: number, maxValues: number): number | JsonExcess {
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
        if (depth > maxLevels) return "too-deep";
        break;
      case COMMA:
        values += 1;
        if (values > maxValues) return "too-many";
        break;
      case CLOSE_BRACKET:
      case CLOSE_BRACE:
        depth -= 1;
        break;
      default:
    }
  }
  return values > maxValues ? "too-many" : values;
}

/** Why JSON is not parsed. */
export type JsonExcess = "too-deep" | "too-many";

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
