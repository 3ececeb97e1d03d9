import { cutText } from "@nanoagent/models";
import { exactTextOf } from "../json/exact-json.js";
import { ExactNumber } from "../json/exact-number.js";
import { terminalControls } from "../terminal-controls.js";
import { wholeJson, wholeText } from "../whole-text.js";

/** Most characters of a tool's result that the model and people see. */
export const MAX_RESULT_CHARACTERS = 8000;
/** Deepest nesting in a result. Deeper values are omitted. */
const MAX_LEVELS = 32;
/** Share of the limit for the beginning of a long text. The rest is for its end, where errors usually are. */
const HEAD_SHARE = 0.75;

/**
 * Returns a tool's return value as text for a model and for people: a text unchanged, JSON as it was read, anything
 * else as JSON. At most `maxCharacters` long and without terminal control sequences. Accepts any value and never
 * throws.
 */
export function toolResultText(value: unknown, maxCharacters: number): string {
  if (value === undefined || value === null) return "Done.";
  const text = typeof value === "string" ? value : exactTextOf(value);
  if (text !== undefined) return cut(cleanText(bounded(text, maxCharacters)), maxCharacters, text.length);
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return `[${value.byteLength} bytes of binary data]`;
  const writer = new BoundedJson(maxCharacters);
  writer.write(value, 0);
  return cut(cleanText(writer.text), maxCharacters, writer.isCut ? Number.POSITIVE_INFINITY : 0);
}

const escapeSequences =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
  /\u001b(?:\[[0-?]*[ -/]*[@-~]?|[\]PX^_][^\u0007\u001b\n]*(?:\u0007|\u001b\\)?|[ -/]*[0-~]?)|\u009b[0-?]*[ -/]*[@-~]?/g;
/** Removes terminal escapes, control characters and direction marks. Lines end with `\n`. */
export function cleanText(text: string): string {
  return wholeText(text).replace(escapeSequences, "").replace(/\r\n?/g, "\n").replace(terminalControls, "");
}

/** Shortens a very long text before cleaning. Keeps twice the needed length at each end. */
function bounded(text: string, maxCharacters: number): string {
  const most = 4 * maxCharacters;
  return text.length <= most ? text : text.slice(0, most / 2) + text.slice(-most / 2);
}

function cut(text: string, maxCharacters: number, length: number): string {
  if (text.length <= maxCharacters && !(length > 4 * maxCharacters)) return text;
  const size = Number.isFinite(length) ? ` ${length} characters` : "";
  const note = `\n[… cut:${size} too long …]\n`;
  const room = Math.max(0, maxCharacters - note.length);
  const head = Math.ceil(room * HEAD_SHARE);
  const tail = room > head ? text.slice(head - room).replace(/^[\uDC00-\uDFFF]/, "") : "";
  return cutText(cleanText(`${cutText(text, head)}${note}${tail}`), maxCharacters);
}

/** Writes JSON up to a limit. The value may be cyclic, deep or large. */
class BoundedJson {
  text = "";
  isCut = false;
  readonly #maxCharacters: number;
  readonly #within = new Set<object>();

  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters;
  }

  write(value: unknown, level: number): void {
    if (this.#isFull()) return;
    if (typeof value !== "object" || value === null || value instanceof ExactNumber) {
      this.text += this.#plain(value);
      return;
    }
    if (this.#within.has(value) || level >= MAX_LEVELS) {
      this.text += '"…"';
      return;
    }
    this.#within.add(value);
    try {
      this.#object(value, level);
    } catch {
      // A getter or a proxy that throws.
      this.text += '"[unreadable]"';
    }
    this.#within.delete(value);
  }

  #object(value: object, level: number): void {
    if (value instanceof Date) {
      this.text += JSON.stringify(value);
      return;
    }
    if (ArrayBuffer.isView(value)) {
      this.text += `"[${value.byteLength} bytes]"`;
      return;
    }
    const isList = Array.isArray(value);
    this.text += isList ? "[" : "{";
    let first = true;
    // A loop, because Object.entries would copy a list of millions just for its beginning.
    for (const key in value) {
      if (this.#isFull()) break;
      if (!Object.hasOwn(value, key)) continue;
      const item = (value as Record<string, unknown>)[key];
      if (item === undefined || typeof item === "function" || typeof item === "symbol") continue;
      if (!first) this.text += ",";
      if (!isList) this.text += `${this.#plain(key)}:`;
      first = false;
      this.write(item, level + 1);
    }
    this.text += isList ? "]" : "}";
  }

  #plain(value: unknown): string {
    if (typeof value === "bigint" || value instanceof ExactNumber) return String(value);
    return wholeJson(typeof value === "string" ? cutText(value, this.#maxCharacters) : value) ?? "null";
  }

  #isFull(): boolean {
    this.isCut ||= this.text.length > this.#maxCharacters;
    return this.isCut;
  }
}
