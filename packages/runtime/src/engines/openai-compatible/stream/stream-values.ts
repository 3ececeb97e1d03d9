import { readExactJson } from "../../../json/exact-json.js";
import { JsonSplitter } from "../../../json/json-scanner.js";
import { parseJson } from "../../../json/read-json.js";
import { LineSplitter, LineTooLong } from "./line-splitter.js";

/** One value in a server's stream. */
export interface StreamValue {
  /** Event type, `message` by default. */
  type: string;
  text: string;
  /** Parsed JSON, or undefined if the text is not JSON. */
  value: unknown;
  /** Whether it arrived as an event and not as plain JSON. */
  isEvent: boolean;
}

/**
 * Reads the values of a stream, regardless of its content type: Server-Sent Events as in the HTML standard, JSON lines,
 * JSON text over any number of lines, or a list of values. Also accepts deviations of real servers: events without an
 * empty line between them, a double `data:`, unmarked data, a field named `error`. Data left at the end counts as well.
 */
export class StreamValues {
  readonly #lines: LineSplitter;
  readonly #maxBytes: number;
  readonly #unmarked: JsonSplitter;
  #isFirstLine = true;
  #type = "";
  #data: string[] = [];
  #dataLength = 0;

  /** `maxBytes` limits the bytes of each line and the characters of each value. */
  constructor(maxBytes: number) {
    this.#lines = new LineSplitter(maxBytes);
    this.#unmarked = new JsonSplitter(maxBytes);
    this.#maxBytes = maxBytes;
  }

  /** Yields the values that these bytes complete. Throws {@link LineTooLong}. */
  *push(bytes: Buffer): Generator<StreamValue> {
    for (const line of this.#lines.push(bytes)) yield* this.#read(line);
  }

  /** Yields the values that the end of the stream completes. */
  *end(): Generator<StreamValue> {
    const line = this.#lines.end();
    if (line !== null) yield* this.#read(line);
    yield* this.#endEvent();
    const { rest } = this.#unmarked;
    if (rest !== "") yield { type: "message", text: rest, value: undefined, isEvent: false };
  }

  *#read(rawLine: string): Generator<StreamValue> {
    const line = this.#isFirstLine ? rawLine.replace(/^\uFEFF/, "") : rawLine;
    this.#isFirstLine = false;
    if (this.#unmarked.isOpen) return yield* this.#readUnmarked(`${line}\n`);
    if (line === "") return yield* this.#endEvent();
    if (/^\s*[{[\],]/.test(line)) {
      if (isEnd(line)) yield* this.#endEvent();
      return yield* isEnd(line) ? [endOf(line)] : this.#readUnmarked(line);
    }
    const [, field = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === "event") this.#type = value;
    else if (field === "data") yield* this.#keep(value);
    else if (field === "error") {
      this.#type = "error";
      yield* this.#keep(value);
    } else if (!/^(?:id|retry)?$/.test(field)) yield { type: "other", text: line, value: undefined, isEvent: false };
  }

  *#readUnmarked(text: string): Generator<StreamValue> {
    // Unmarked data belongs to the event named in the lines before it.
    for (const value of this.#unmarked.push(text)) {
      yield { type: this.#type || "message", text: value, value: parseValue(value), isEvent: false };
    }
    if (this.#unmarked.isTooLong) throw tooLong(this.#maxBytes);
  }

  *#keep(value: string): Generator<StreamValue> {
    const data = value.replace(/^(?:data: ?)+(?=\{|\[)/, "");
    const before = this.#data.at(-1);
    const begins = /^\s*\{/.test(data) || isEnd(data);
    // Within one JSON value, an object cannot follow another without a comma.
    if (before !== undefined && begins && (/\}\s*$/.test(before) || isEnd(before))) yield* this.#endData();
    this.#dataLength += data.length + 1;
    if (this.#dataLength > this.#maxBytes) throw tooLong(this.#maxBytes);
    this.#data.push(data);
  }

  *#endEvent(): Generator<StreamValue> {
    yield* this.#endData();
    this.#type = "";
  }

  *#endData(): Generator<StreamValue> {
    const text = this.#data.join("\n").trim();
    this.#data = [];
    this.#dataLength = 0;
    if (text !== "") yield* valuesOf(this.#type || "message", text, this.#maxBytes);
  }
}

/** Parses JSON text. If it contains call arguments, the numbers keep their original notation. */
function parseValue(text: string): unknown {
  const isCall = /"(?:tool_calls|function_call)"/.test(text);
  return (isCall ? readExactJson(text)?.value : undefined) ?? parseJson(text);
}

/** Whether a text is the end mark of a stream. */
export function isEnd(text: string): boolean {
  return /^\s*"?\[DONE\]"?\s*$/i.test(text);
}

function endOf(text: string): StreamValue {
  return { type: "message", text, value: undefined, isEvent: true };
}

function* valuesOf(type: string, text: string, maxCharacters: number): Generator<StreamValue> {
  const value = isEnd(text) ? undefined : parseValue(text);
  if (value !== undefined || isEnd(text)) {
    for (const item of Array.isArray(value) ? value : [value]) yield { type, text, value: item, isEvent: true };
    return;
  }
  const splitter = new JsonSplitter(maxCharacters);
  const texts = splitter.push(text);
  const values = splitter.rest === "" ? texts.map(parseValue) : [undefined];
  if (values.includes(undefined)) yield { type, text, value: undefined, isEvent: true };
  else for (const value of values) yield { type, text, value, isEvent: true };
}

function tooLong(maxBytes: number): LineTooLong {
  return new LineTooLong(`more than ${maxBytes} characters in one event`);
}
