import { ExactNumber } from "./exact-number.js";
import { jsonTokens } from "./json-tokens.js";

/** Deepest nesting that is read as a value. Code that walks a value recurses, so deeper data is kept as text only. */
export const MAX_JSON_LEVELS = 100;

/** A JSON text and its exact value. */
export interface ExactJson {
  /** The text without white space between tokens and without unnecessary escapes. */
  readonly text: string;
  /**
   * The value. Numbers that JavaScript would change are {@link ExactNumber}s. Undefined where the nesting is too deep.
   */
  readonly value: unknown;
}

const texts = new WeakMap<object, string>();

/**
 * Returns the JSON text that {@link readExactJson} read `value` from, after any {@link addRemark} text, or undefined.
 */
export function exactTextOf(value: unknown): string | undefined {
  return typeof value === "object" && value !== null ? texts.get(value) : undefined;
}

/** Puts `remark` before the JSON text of an object that {@link readExactJson} read. The value does not change. */
export function addRemark(value: object, remark: string): void {
  texts.set(value, `${remark}\n${texts.get(value) ?? ""}`);
}

/** Reads JSON of any depth. Returns undefined where the text is not JSON. A leading byte order mark is ignored. */
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

/** Reads JSON as tool arguments: a number becomes a JavaScript number where that has exactly the same value. */
export function readExactArguments(source: string): unknown {
  const value = readExactJson(source)?.value;
  return mapNumbers(value, (number) => number.simplest);
}

/**
 * Reads JSON as plain data: a number becomes a JavaScript number where that has exactly the same value, and otherwise
 * its text. Returns undefined where the text is not JSON, or is nested too deep.
 */
export function readPlainJson(source: string): unknown {
  return mapNumbers(readExactArguments(source), ({ text }) => text);
}

/**
 * Returns the value of a JSON text, or the text itself where JavaScript would write a number in it differently: a
 * caller that expects text means `1.10` literally. Returns undefined where the text is not JSON.
 */
export function exactOrText(source: string): unknown {
  const read = readExactJson(source);
  if (read === undefined) return undefined;
  return read.value === undefined || holdsExactNumber(read.value) ? read.text : read.value;
}

/** Returns data from {@link readExactJson}, or its JSON text where it holds an {@link ExactNumber}. */
export function plainOrText(value: unknown): unknown {
  return holdsExactNumber(value) ? writeExactJson(value) : value;
}

/** Iterative, because data from another reader can be nested to any depth. */
function holdsExactNumber(value: unknown): boolean {
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (next instanceof ExactNumber) return true;
    if (typeof next === "object" && next !== null) for (const item of Object.values(next)) open.push(item);
  }
  return false;
}

/** Writes data as JSON, with the numbers as they were written. */
function writeExactJson(value: unknown): string {
  const mark = crypto.randomUUID();
  const marked = JSON.stringify(mapNumbers(value, ({ text }) => `${mark}${text}${mark}`)) ?? "null";
  return marked.replaceAll(`"${mark}`, "").replaceAll(`${mark}"`, "");
}

/** Quotes tokens that start like a number but are not valid numbers, such as `007` or `1_000`. */
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

/** Copies data and applies `change` to each {@link ExactNumber}. Recursive: `value` must come from this module. */
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

/**
 * Removes white space and unnecessary escapes, and finds the numbers that JavaScript would change and the nesting
 * depth.
 */
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
  // The data cannot contain a text that begins with a random UUID.
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
