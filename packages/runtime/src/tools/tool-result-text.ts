import { cutText } from "@nanoagent/models";
import { exactTextOf } from "../json/exact-json.js";
import { ExactNumber } from "../json/exact-number.js";
import { terminalControls } from "../terminal-controls.js";
import { wholeJson, wholeText } from "../whole-text.js";

/** Most characters of a tool's result that are shown, to the model and to people. */
export const MAX_RESULT_CHARACTERS = 8000;
/** Objects inside one another in a result; deeper ones are left out. */
const MAX_LEVELS = 32;
/** The share of a text that is too long which its beginning gets; its end gets the rest: errors stand there. */
const HEAD_SHARE = 0.75;

/**
 * What a tool returned, as text for a model and for people: a text as it is, JSON that was read as it was, anything else as JSON, at most
 * `maxCharacters` of it, without anything that could steer a terminal. Takes any value; never throws.
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
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is for
  /\u001b(?:\[[0-?]*[ -/]*[@-~]?|[\]PX^_][^\u0007\u001b\n]*(?:\u0007|\u001b\\)?|[ -/]*[0-~]?)|\u009b[0-?]*[ -/]*[@-~]?/g;
/** Without terminal escapes, control characters, and marks that turn the direction of text; lines end with `\n`. */
export function cleanText(text: string): string {
  return wholeText(text).replace(escapeSequences, "").replace(/\r\n?/g, "\n").replace(terminalControls, "");
}

/** A giant is not cleaned as a whole: only what can be shown of it, and as much again for what is taken away. */
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

/** JSON, until there is enough of it: cycles, depth and size of a value are its author's, not ours. */
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
    // Not Object.entries: a list of millions is not copied for the sake of its beginning.
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
