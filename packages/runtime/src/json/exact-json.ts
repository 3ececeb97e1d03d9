import { ExactNumber } from "./exact-number.js";
import { jsonTokens } from "./json-tokens.js";

/** Values inside one another that are read. Deeper data is no data that anybody works with, and whoever walks it recurses. */
export const MAX_JSON_LEVELS = 100;

/** A JSON text, read without a change. */
export interface ExactJson {
  /** The text without the white space between its parts, and without needless escapes. */
  readonly text: string;
  /** Its value, with an {@link ExactNumber} where a number would be changed; undefined where it is nested too deeply. */
  readonly value: unknown;
}

const texts = new WeakMap<object, string>();

/** The JSON text that an object was read from by {@link readExactJson}, with what {@link addRemark} put before it; else undefined. */
export function exactTextOf(value: unknown): string | undefined {
  return typeof value === "object" && value !== null ? texts.get(value) : undefined;
}

/** Puts a text before the JSON text of an object that {@link readExactJson} read: both are shown, and the value stays as it is. */
export function addRemark(value: object, remark: string): void {
  texts.set(value, `${remark}\n${texts.get(value) ?? ""}`);
}

/** Reads a JSON text of any depth; undefined where it is not JSON. A byte order mark before it counts as white space. */
export function readExactJson(source: string): ExactJson | undefined {
  const given = source.startsWith("\ufeff") ? source.slice(1) : source;
  let value: unknown;
  try {
    value = JSON.parse(given);
  } catch {
    return undefined;
  }
  const { text, numbers, levels } = compact(given);
  if (levels > MAX_JSON_LEVELS) return { text, value: undefined };
  if (numbers.length > 0) value = parseWithNumbers(text, numbers);
  if (typeof value === "object" && value !== null) texts.set(value, text);
  return { text, value };
}

/** The value of a JSON text as arguments: numbers that this language has exactly are its own, whatever their form. */
export function readExactArguments(source: string): unknown {
  const value = readExactJson(source)?.value;
  return mapNumbers(value, (number) => number.simplest);
}

/**
 * The value of a JSON text, or the text itself where its value would have a number in another form: what a text is wanted
 * for, such as `1.10`, is meant as it is written. Undefined where it is not JSON.
 */
export function exactOrText(source: string): unknown {
  const read = readExactJson(source);
  if (read === undefined) return undefined;
  return read.value === undefined || holdsExactNumber(read.value) ? read.text : read.value;
}

/** The data that {@link readExactJson} read, or its JSON text where a number in it is kept as it is written. */
export function plainOrText(value: unknown): unknown {
  return holdsExactNumber(value) ? writeExactJson(value) : value;
}

/** Not by recursion: what another reader has read may be nested in any depth. */
function holdsExactNumber(value: unknown): boolean {
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (next instanceof ExactNumber) return true;
    if (typeof next === "object" && next !== null) for (const item of Object.values(next)) open.push(item);
  }
  return false;
}

/** The JSON text of data, with the numbers as they were written. */
function writeExactJson(value: unknown): string {
  const mark = crypto.randomUUID();
  const marked = JSON.stringify(mapNumbers(value, ({ text }) => `${mark}${text}${mark}`)) ?? "null";
  return marked.replaceAll(`"${mark}`, "").replaceAll(`${mark}"`, "");
}

/** JSON text in which what begins like a number and is none, such as `007` or `1_000`, is a text. */
export function quoteOddNumbers(source: string): string {
  let quoted = "";
  let copied = 0;
  for (const { kind, start, end } of jsonTokens(source)) {
    const token = source.slice(start, end);
    if (kind !== "number" || /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[-+]?\d+)?$/i.test(token)) continue;
    quoted += `${source.slice(copied, start)}"${token}"`;
    copied = end;
  }
  return quoted + source.slice(copied);
}

/** A copy of data, with `change` applied to each {@link ExactNumber}. Takes what was read by this module. */
export function mapNumbers(value: unknown, change: (number: ExactNumber) => unknown): unknown {
  if (value instanceof ExactNumber) return change(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => mapNumbers(item, change));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapNumbers(item, change)]));
}

interface PlacedNumber {
  readonly start: number;
  readonly end: number;
}

/** The text without what means nothing, the places of the numbers in it that would be changed, and its depth. */
function compact(source: string): { text: string; numbers: PlacedNumber[]; levels: number } {
  const numbers: PlacedNumber[] = [];
  let text = "";
  let level = 0;
  let levels = 0;
  for (const { kind, start, end } of jsonTokens(source)) {
    const token = source.slice(start, end);
    if (kind === "string" && token.includes("\\")) text += JSON.stringify(JSON.parse(token));
    else text += token;
    if (kind === "number" && String(Number(token)) !== token) {
      numbers.push({ start: text.length - token.length, end: text.length });
    }
    if (token === "{" || token === "[") levels = Math.max(levels, ++level);
    if (token === "}" || token === "]") level -= 1;
  }
  return { text, numbers, levels };
}

function parseWithNumbers(text: string, numbers: readonly PlacedNumber[]): unknown {
  // No text of the data begins with a number that nobody could foresee.
  const mark = crypto.randomUUID();
  let marked = "";
  let at = 0;
  for (const { start, end } of numbers) {
    marked += `${text.slice(at, start)}"${mark}${text.slice(start, end)}"`;
    at = end;
  }
  return JSON.parse(marked + text.slice(at), (_, value: unknown) =>
    typeof value === "string" && value.startsWith(mark) ? new ExactNumber(value.slice(mark.length)) : value,
  );
}
