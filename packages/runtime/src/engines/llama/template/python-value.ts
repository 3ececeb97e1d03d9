import { TemplateError } from "./template-error.js";
import type { TemplateMeter } from "./template-meter.js";

/** A float, which Python writes with a fraction even if it is whole: `2.0`. Integers are plain numbers. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A sequence written with parentheses. */
export class Tuple extends Array<Value> {}

/** An object with attributes: Jinja's `namespace()` and `loop`. */
export class Attributes {
  readonly values: Map<string, Value>;
  /** Implementation of calls to the object, or null if it cannot be called. */
  readonly call: Callable["call"] | null;

  constructor(values: Map<string, Value>, call: Callable["call"] | null = null) {
    this.values = values;
    this.call = call;
  }
}

export class Callable {
  readonly call: (args: Value[], named: Map<string, Value>) => Value;

  constructor(call: (args: Value[], named: Map<string, Value>) => Value) {
    this.call = call;
  }
}

export type Dict = Map<string | number | boolean | null, Value>;

/** A template value. `undefined` is an undefined variable, and `null` is None. */
export type Value = undefined | null | boolean | number | string | Float | Value[] | Dict | Attributes | Callable;

/** Converts plain data to template values. */
export function toValue(data: unknown, depth = 0): Value {
  if (depth > 100) throw new TemplateError("the data is nested too deeply");
  if (data === null || typeof data === "string" || typeof data === "boolean") return data;
  if (typeof data === "number") return Number.isInteger(data) ? data : new Float(data);
  if (typeof data === "bigint") return Number(data);
  if (Array.isArray(data)) return data.map((item) => toValue(item, depth + 1));
  if (data instanceof Callable) return data;
  if (typeof data !== "object") return undefined;
  const read = (data as { toJSON?: unknown }).toJSON;
  if (typeof read === "function") return toValue(read.call(data), depth + 1);
  const dict: Dict = new Map();
  for (const [key, value] of Object.entries(data)) if (value !== undefined) dict.set(key, toValue(value, depth + 1));
  return dict;
}

export function isTrue(value: Value): boolean {
  if (value instanceof Float) return value.value !== 0;
  if (Array.isArray(value)) return value.length > 0;
  return value instanceof Map ? value.size > 0 : Boolean(value);
}

/** Returns the Python name of a value's type, for messages. */
export function typeOf(value: Value): string {
  if (value === undefined) return "undefined";
  if (value === null) return "None";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return "int";
  if (typeof value === "string") return "str";
  if (value instanceof Float) return "float";
  if (value instanceof Tuple) return "tuple";
  if (Array.isArray(value)) return "list";
  return value instanceof Map ? "dict" : value instanceof Callable ? "function" : "object";
}

/** Returns the numeric value of a number or boolean, otherwise null. */
export function numberOf(value: Value): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  return value instanceof Float ? value.value : null;
}

export function isEqual(a: Value, b: Value, meter: TemplateMeter): boolean {
  meter.step();
  const number = numberOf(a);
  if (number !== null) return number === numberOf(b);
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length || a instanceof Tuple !== b instanceof Tuple) return false;
    return meter.within(() => a.every((item, index) => isEqual(item, b[index], meter)));
  }
  if (a instanceof Map) {
    if (!(b instanceof Map) || a.size !== b.size) return false;
    return meter.within(() => [...a].every(([key, value]) => b.has(key) && isEqual(value, b.get(key), meter)));
  }
  return a === b;
}

/** Compares two values in Python's order. Negative if the first one comes first. */
export function compare(a: Value, b: Value, meter: TemplateMeter): number {
  meter.step();
  const [one, other] = [numberOf(a), numberOf(b)];
  if (one !== null && other !== null) return one - other;
  if (typeof a === "string" && typeof b === "string") return a === b ? 0 : byCodePoints(a) < byCodePoints(b) ? -1 : 1;
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let index = 0; index < Math.min(a.length, b.length); index++) {
      const order = meter.within(() => compare(a[index], b[index], meter));
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }
  throw new TemplateError(`${typeOf(a)} and ${typeOf(b)} cannot be compared`);
}

/** Maps a text so that its code units sort like its characters. */
function byCodePoints(text: string): string {
  return text.replace(/[\ud800-\uffff]/g, (unit) =>
    String.fromCharCode(unit < "\ue000" ? unit.charCodeAt(0) + 0x2000 : unit.charCodeAt(0) - 0x800),
  );
}

const hasPairs = /[\ud800-\udbff]/;

/** Returns the characters of a text, as Python counts them. */
export function charactersOf(text: string, meter: TemplateMeter): ArrayLike<string> {
  if (!hasPairs.test(text)) return text;
  meter.step(text.length);
  return Array.from(text);
}

/** Returns a sequence's items, or null for other values. */
export function itemsOf(value: Value, meter: TemplateMeter): Value[] | null {
  if (Array.isArray(value)) return value;
  if (value === undefined) return [];
  if (typeof value === "string") {
    meter.step(value.length);
    return Array.from(value);
  }
  if (value instanceof Map) {
    meter.step(value.size);
    return [...value.keys()];
  }
  return null;
}

export function requireItems(value: Value, meter: TemplateMeter): Value[] {
  const items = itemsOf(value, meter);
  if (items === null) throw new TemplateError(`${typeOf(value)} is not a sequence`);
  return items;
}

/** Formats a value like `str()`. */
export function textOf(value: Value, meter: TemplateMeter): string {
  if (typeof value === "string") return value;
  return value === undefined ? "" : representationOf(value, meter);
}

/** Formats a value like `repr()`. */
export function representationOf(value: Value, meter: TemplateMeter): string {
  meter.step();
  if (typeof value === "string") return quote(value);
  if (value === undefined) return "Undefined";
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return writeInteger(value);
  if (value instanceof Float) return writeFloat(value.value);
  if (Array.isArray(value)) {
    const items = meter.within(() => value.map((item) => representationOf(item, meter)));
    if (!(value instanceof Tuple)) return joined(items, "[", "]", meter);
    return items.length === 1 ? `(${items[0]},)` : joined(items, "(", ")", meter);
  }
  if (value instanceof Map) {
    const pair = ([key, item]: [Value, Value]) => `${representationOf(key, meter)}: ${representationOf(item, meter)}`;
    return joined(
      meter.within(() => [...value].map(pair)),
      "{",
      "}",
      meter,
    );
  }
  return value instanceof Callable ? "<function>" : "<object>";
}

function joined(items: readonly string[], open: string, close: string, meter: TemplateMeter): string {
  meter.write(items.reduce((sum, item) => sum + item.length + 2, 2));
  return open + items.join(", ") + close;
}

const escapable = /[\\'"\p{Cc}\u00a0\u00ad]/gu;

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(escapable, (character) => {
    if (character === "\\" || character === mark) return `\\${character}`;
    if (character === "'" || character === '"') return character;
    const short = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[character];
    return short ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return mark + escaped + mark;
}

function writeInteger(value: number): string {
  return Math.abs(value) < 1e21 ? String(value) : Number.isFinite(value) ? BigInt(value).toString() : String(value);
}

/** Formats a float like Python. */
export function writeFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** JSON options with the defaults of Python's `json.dumps`. */
export interface JsonForm {
  indent: string | null;
  separators: readonly [item: string, key: string];
  sortsKeys: boolean;
  isAscii: boolean;
}

/** Writes a value as JSON. Throws {@link TemplateError} for a value that JSON cannot represent. */
export function writeJson(value: Value, form: JsonForm, meter: TemplateMeter, depth = 0): string {
  meter.step();
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return writeInteger(value);
  if (value instanceof Float) {
    const text = writeFloat(value.value);
    return { nan: "NaN", inf: "Infinity", "-inf": "-Infinity" }[text] ?? text;
  }
  if (typeof value === "string") return writeText(value, form);
  const [item, key] = form.separators;
  const pad = form.indent === null ? "" : `\n${form.indent.repeat(depth)}`;
  const wrap = (open: string, parts: string[], close: string) => {
    if (parts.length === 0) return open + close;
    const inner = form.indent === null ? "" : pad + form.indent;
    meter.write(parts.reduce((sum, part) => sum + part.length + item.length + inner.length, pad.length + 2));
    return open + inner + parts.join(item + inner) + pad + close;
  };
  return meter.within(() => {
    if (Array.isArray(value)) {
      const parts = value.map((item) => writeJson(item, form, meter, depth + 1));
      return wrap("[", parts, "]");
    }
    if (!(value instanceof Map)) throw new TemplateError(`${typeOf(value)} cannot be written as JSON`);
    const entries = [...value];
    if (form.sortsKeys) entries.sort(([a], [b]) => compare(a, b, meter));
    const parts = entries.map(
      ([name, part]) => writeText(keyOf(name), form) + key + writeJson(part, form, meter, depth + 1),
    );
    return wrap("{", parts, "}");
  });
}

function keyOf(key: string | number | boolean | null): string {
  return typeof key === "number" ? writeInteger(key) : String(key);
}

function writeText(text: string, { isAscii }: JsonForm): string {
  const written = JSON.stringify(text);
  if (!isAscii) return written;
  return written.replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
