import { formatBraces } from "./format-text.js";
import {
  Callable,
  charactersOf,
  type Dict,
  isEqual,
  isTrue,
  numberOf,
  requireItems,
  Tuple,
  textOf,
  typeOf,
  type Value,
} from "./python-value.js";
import { TemplateError } from "./template-error.js";
import type { TemplateMeter } from "./template-meter.js";

type Method<Of> = (of: Of, args: Value[], named: Map<string, Value>, meter: TemplateMeter) => Value;

/** Returns a method of a text, list or dict, bound to its value. Undefined if there is no such method. */
export function methodOf(of: Value, name: string, meter: TemplateMeter): Callable | undefined {
  const bind = <Of>(methods: Readonly<Record<string, Method<Of>>>, value: Of) => {
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
    return method && new Callable((args, named) => method(value, args, named, meter));
  };
  if (typeof of === "string") return bind(textMethods, of);
  if (of instanceof Map) return bind(dictMethods, of);
  return Array.isArray(of) ? bind(listMethods, of) : undefined;
}

const text = (value: Value, what: string): string => {
  if (typeof value === "string") return value;
  throw new TemplateError(`${what} needs a text, not ${typeOf(value)}`);
};
const count = (value: Value, standard: number): number => (value == null ? standard : (numberOf(value) ?? standard));

/** White space as defined by Python, which includes four separators and excludes the byte order mark. */
const space = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const spaces = new RegExp(`${space}+`, "g");
const lineEnds = "\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029";
const lineEnd = new RegExp(`\\r\\n|[${lineEnds}]`, "g");
const isSpace = new RegExp(`^${space}$`);

/** Removes characters from the ends of a text. */
export function stripText(value: string, given: Value, sides: "left" | "right" | "both" = "both"): string {
  const removed = given == null ? null : new Set(Array.from(text(given, "strip")));
  const isRemoved = (character: string) => (removed === null ? isSpace.test(character) : removed.has(character));
  let start = 0;
  let end = value.length;
  const at = (index: number) => String.fromCodePoint(value.codePointAt(index) ?? 0);
  if (sides !== "right") while (start < end && isRemoved(at(start))) start += at(start).length;
  if (sides !== "left") {
    while (end > start) {
      const isLow = /[\udc00-\udfff]/.test(value.charAt(end - 1)) && end - 2 >= start;
      const last = at(isLow && /[\ud800-\udbff]/.test(value.charAt(end - 2)) ? end - 2 : end - 1);
      if (!isRemoved(last)) break;
      end -= last.length;
    }
  }
  return value.slice(start, end);
}

function split(value: string, given: Value, most: number, fromRight: boolean): string[] {
  if (given == null) {
    const words = stripText(value, null).split(spaces);
    if (words.length === 1 && words[0] === "") return [];
    if (most < 0 || words.length <= most + 1) return words;
    return splitSpaces(stripText(value, null, fromRight ? "right" : "left"), most, fromRight);
  }
  const separator = text(given, "split");
  if (separator === "") throw new TemplateError("a text cannot be split at an empty separator");
  const parts = value.split(separator);
  if (most < 0 || parts.length <= most + 1) return parts;
  if (fromRight) return [parts.slice(0, parts.length - most).join(separator), ...parts.slice(parts.length - most)];
  return [...parts.slice(0, most), parts.slice(most).join(separator)];
}

/** Splits at the first or last runs of white space and leaves the rest unchanged. */
function splitSpaces(value: string, most: number, fromRight: boolean): string[] {
  const runs = [...value.matchAll(spaces)].filter(({ index }) => index > 0 && index < value.length);
  const used = fromRight ? runs.slice(Math.max(0, runs.length - most)) : runs.slice(0, most);
  const parts: string[] = [];
  let start = 0;
  for (const { index, 0: run } of used) {
    parts.push(value.slice(start, index));
    start = index + run.length;
  }
  return [...parts, value.slice(start)];
}

export function replaceText(value: string, from: string, to: string, most: number, meter: TemplateMeter): string {
  const parts = from === "" ? ["", ...Array.from(value), ""] : value.split(from);
  meter.step(parts.length);
  meter.write(value.length + (parts.length - 1) * to.length);
  if (most < 0 || parts.length <= most + 1) return parts.join(to);
  return parts.slice(0, most + 1).join(to) + from + parts.slice(most + 1).join(from);
}

const affix =
  (test: (value: string, part: string) => boolean): Method<string> =>
  (value, [given, from, to]) => {
    const within = from == null && to == null ? value : value.slice(count(from, 0), count(to, value.length));
    const parts = Array.isArray(given) ? given : [given];
    return parts.some((part) => test(within, text(part, "startswith")));
  };
const find =
  (search: (value: string, part: string) => number, isStrict: boolean): Method<string> =>
  (value, [part, from], _, meter) => {
    const start = count(from, 0);
    const at = search(value.slice(start), text(part, "find"));
    if (at < 0 && isStrict) throw new TemplateError("substring not found");
    return at < 0 ? -1 : charactersOf(value.slice(0, start + at), meter).length;
  };
const matches =
  (pattern: RegExp): Method<string> =>
  (value) =>
    pattern.test(value);
const padded =
  (left: (missing: number) => number): Method<string> =>
  (value, [width, fill = " "], _, meter) => {
    const missing = Math.max(0, count(width, 0) - value.length);
    meter.write(value.length + missing);
    const before = left(missing);
    return text(fill, "fill").repeat(before) + value + text(fill, "fill").repeat(missing - before);
  };
const stripped =
  (sides: "left" | "right" | "both"): Method<string> =>
  (value, [given]) =>
    stripText(value, given, sides);
const splitAt =
  (fromRight: boolean): Method<string> =>
  (value, [separator, most], named, meter) => {
    meter.step(value.length >> 3);
    return split(value, separator ?? named.get("sep"), count(most ?? named.get("maxsplit"), -1), fromRight);
  };
const parted =
  (search: (value: string, part: string) => number, isLast: boolean): Method<string> =>
  (value, [given]) => {
    const separator = text(given, "partition");
    const at = search(value, separator);
    if (at < 0) return isLast ? Tuple.of("", "", value) : Tuple.of(value, "", "");
    return Tuple.of(value.slice(0, at), separator, value.slice(at + separator.length));
  };

export function capitalize(value: string): string {
  const first = value.slice(0, (value.codePointAt(0) ?? 0) > 0xffff ? 2 : 1);
  return first.toUpperCase() + value.slice(first.length).toLowerCase();
}

function titleCase(value: string): string {
  return value.replace(/\p{L}+/gu, (word) => capitalize(word));
}

const textMethods: Readonly<Record<string, Method<string>>> = {
  upper: (value) => value.toUpperCase(),
  lower: (value) => value.toLowerCase(),
  casefold: (value) => value.toLowerCase().replaceAll("ß", "ss"),
  swapcase: (value) =>
    value.replace(/\p{L}/gu, (letter) =>
      letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase(),
    ),
  capitalize: (value) => capitalize(value),
  title: (value) => titleCase(value),
  strip: stripped("both"),
  lstrip: stripped("left"),
  rstrip: stripped("right"),
  startswith: affix((value, part) => value.startsWith(part)),
  endswith: affix((value, part) => value.endsWith(part)),
  split: splitAt(false),
  rsplit: splitAt(true),
  splitlines: (value, [keeps]) => {
    const ends = [...value.matchAll(lineEnd)];
    const starts = [0, ...ends.map(({ index, 0: end }) => index + end.length)];
    const lines = starts.map((start, at) => {
      const end = ends[at];
      return end === undefined
        ? value.slice(start)
        : value.slice(start, end.index + (isTrue(keeps) ? end[0].length : 0));
    });
    // A line break at the very end does not start another line.
    return starts.at(-1) === value.length ? lines.slice(0, -1) : lines;
  },
  replace: (value, [from, to, most], named, meter) =>
    replaceText(value, text(from, "replace"), text(to, "replace"), count(most ?? named.get("count"), -1), meter),
  join: (value, [items], _, meter) => {
    const parts = requireItems(items, meter).map((item) => text(item, "join"));
    meter.write(parts.reduce((sum, part) => sum + part.length + value.length, 0));
    return parts.join(value);
  },
  find: find((value, part) => value.indexOf(part), false),
  rfind: find((value, part) => value.lastIndexOf(part), false),
  index: find((value, part) => value.indexOf(part), true),
  rindex: find((value, part) => value.lastIndexOf(part), true),
  count: (value, [part]) => value.split(text(part, "count")).length - 1,
  format: (value, args, named, meter) => formatBraces(value, args, named, meter),
  isdigit: matches(/^\p{Nd}+$/u),
  isdecimal: matches(/^\p{Nd}+$/u),
  isnumeric: matches(/^\p{N}+$/u),
  isalpha: matches(/^\p{L}+$/u),
  isalnum: matches(/^[\p{L}\p{N}]+$/u),
  isascii: matches(/^[\0-\x7f]*$/),
  isspace: matches(new RegExp(`^${space}+$`)),
  isidentifier: matches(/^[\p{L}_][\p{L}\p{N}_]*$/u),
  islower: (value) => /\p{L}/u.test(value) && value === value.toLowerCase(),
  isupper: (value) => /\p{L}/u.test(value) && value === value.toUpperCase(),
  istitle: (value) => /\p{L}/u.test(value) && value === titleCase(value),
  zfill: (value, [width], _, meter) => {
    const sign = /^[+-]/.test(value) ? value.slice(0, 1) : "";
    const missing = Math.max(0, count(width, 0) - value.length);
    meter.write(value.length + missing);
    return sign + "0".repeat(missing) + value.slice(sign.length);
  },
  center: padded((missing) => Math.floor(missing / 2)),
  ljust: padded(() => 0),
  rjust: padded((missing) => missing),
  removeprefix: (value, [part]) =>
    value.startsWith(text(part, "removeprefix")) ? value.slice(text(part, "").length) : value,
  removesuffix: (value, [part]) => {
    const end = text(part, "removesuffix");
    return end !== "" && value.endsWith(end) ? value.slice(0, value.length - end.length) : value;
  },
  partition: parted((value, part) => value.indexOf(part), false),
  rpartition: parted((value, part) => value.lastIndexOf(part), true),
};

const pairs = (dict: Dict, meter: TemplateMeter): Value => {
  meter.step(dict.size);
  return [...dict].map(([key, value]) => Tuple.of(key, value));
};

const dictMethods: Readonly<Record<string, Method<Dict>>> = {
  get: (dict, [key, standard = null]) => {
    const value = dict.get(keyOf(key));
    return value === undefined ? standard : value;
  },
  items: (dict, _, __, meter) => pairs(dict, meter),
  keys: (dict) => [...dict.keys()],
  values: (dict) => [...dict.values()],
  copy: (dict) => new Map(dict),
  update: (dict, [other], named) => {
    if (other instanceof Map) for (const [key, value] of other) dict.set(key, value);
    for (const [key, value] of named) dict.set(key, value);
    return null;
  },
  pop: (dict, [key, standard]) => {
    const name = keyOf(key);
    const value = dict.get(name);
    dict.delete(name);
    return value === undefined ? standard : value;
  },
  setdefault: (dict, [key, standard = null]) => {
    const name = keyOf(key);
    const value = dict.get(name);
    if (value !== undefined) return value;
    dict.set(name, standard);
    return standard;
  },
};

/** Returns a value as a dict key. Throws {@link TemplateError} if it cannot be one. */
export function keyOf(value: Value): string | number | boolean | null {
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  const number = numberOf(value);
  if (number !== null) return number;
  throw new TemplateError(`${typeOf(value)} is not a key`);
}

/** Position in a list for a Python index. Negative indexes count from the end. */
const place = (list: Value[], index: number) => (index < 0 ? list.length + index : index);

const listMethods: Readonly<Record<string, Method<Value[]>>> = {
  index: (list, [item], _, meter) => {
    const at = list.findIndex((other) => isEqual(other, item, meter));
    if (at < 0) throw new TemplateError("the list has no such item");
    return at;
  },
  count: (list, [item], _, meter) => list.filter((other) => isEqual(other, item, meter)).length,
  copy: (list, _, __, meter) => {
    meter.step(list.length);
    return [...list];
  },
  append: (list, [item], _, meter) => {
    meter.step();
    list.push(item);
    return null;
  },
  extend: (list, [items], _, meter) => {
    const more = requireItems(items, meter);
    meter.step(more.length);
    for (const item of [...more]) list.push(item);
    return null;
  },
  insert: (list, [index, item], _, meter) => {
    meter.step();
    list.splice(Math.max(0, place(list, count(index, 0))), 0, item);
    return null;
  },
  pop: (list, [index]) => list.splice(place(list, count(index, -1)), 1)[0],
  reverse: (list) => {
    list.reverse();
    return null;
  },
};

/** Joins the parts of a list into one text. */
export function joinTexts(items: readonly Value[], separator: string, meter: TemplateMeter): string {
  const parts = items.map((item) => textOf(item, meter));
  meter.write(parts.reduce((sum, part) => sum + part.length + separator.length, 0));
  return parts.join(separator);
}
