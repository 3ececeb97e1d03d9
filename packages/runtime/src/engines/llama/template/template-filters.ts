import { wholeText } from "../../../whole-text.js";
import { formatPercent } from "./format-text.js";
import { capitalize, joinTexts, replaceText, stripText } from "./python-methods.js";
import {
  Attributes,
  charactersOf,
  compare,
  Float,
  isEqual,
  isTrue,
  type JsonForm,
  numberOf,
  representationOf,
  requireItems,
  Tuple,
  textOf,
  typeOf,
  type Value,
  writeJson,
} from "./python-value.js";
import { TemplateError } from "./template-error.js";
import type { TemplateMeter } from "./template-meter.js";
import { passesTest } from "./template-tests.js";

/** Arguments of a filter, by position or by name. */
class FilterArguments {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;

  constructor(positional: readonly Value[], named: ReadonlyMap<string, Value>) {
    this.positional = positional;
    this.named = named;
  }

  get(index: number, name: string): Value {
    return this.positional[index] ?? this.named.get(name);
  }

  number(index: number, name: string, standard: number): number {
    return numberOf(this.get(index, name)) ?? standard;
  }

  text(index: number, name: string, standard: string): string {
    const value = this.get(index, name);
    return typeof value === "string" ? value : standard;
  }

  flag(index: number, name: string): boolean {
    return isTrue(this.get(index, name));
  }

  from(index: number): FilterArguments {
    return new FilterArguments(this.positional.slice(index), this.named);
  }
}

type Filter = (value: Value, args: FilterArguments, meter: TemplateMeter) => Value;

/** Applies a filter by name. Throws {@link TemplateError} for an unknown filter. */
export function applyFilter(
  name: string,
  value: Value,
  { positional, named }: { positional: readonly Value[]; named: ReadonlyMap<string, Value> },
  meter: TemplateMeter,
): Value {
  meter.step();
  const filter = Object.hasOwn(filters, name) ? filters[name] : undefined;
  if (filter === undefined) throw new TemplateError(`the filter "${name}" is unknown`);
  return filter(value, new FilterArguments(positional, named), meter);
}

/** A filter that works on a value's text. */
const ofText =
  (change: (text: string, args: FilterArguments, meter: TemplateMeter) => Value): Filter =>
  (value, args, meter) => {
    const text = textOf(value, meter);
    meter.write(text.length);
    return change(text, args, meter);
  };
/** A filter that works on a sequence's items and may modify the array. */
const ofItems =
  (change: (items: Value[], args: FilterArguments, meter: TemplateMeter) => Value): Filter =>
  (value, args, meter) => {
    const items = requireItems(value, meter);
    meter.step(items.length);
    return change([...items], args, meter);
  };

/** A filter that selects or changes items. Falsy values, including None, count as empty. */
const ofSome = (change: (items: Value[], args: FilterArguments, meter: TemplateMeter) => Value): Filter => {
  const filter = ofItems(change);
  return (value, args, meter) => (isTrue(value) ? filter(value, args, meter) : []);
};

/** Returns a nested attribute of a value, such as `function.name` or `0`. */
function attributeOf(value: Value, path: Value): Value {
  let found = value;
  for (const part of String(path).split(".")) {
    if (found instanceof Map) found = found.get(/^\d+$/.test(part) && !found.has(part) ? Number(part) : part);
    else if (found instanceof Attributes) found = found.values.get(part);
    else if (Array.isArray(found) && /^\d+$/.test(part)) found = found[Number(part)];
    else return undefined;
  }
  return found;
}

const folded = (value: Value, isExact: boolean): Value =>
  typeof value === "string" && !isExact ? value.toLowerCase() : value;

function sortItems(
  items: Value[],
  attribute: Value,
  isExact: boolean,
  isReversed: boolean,
  meter: TemplateMeter,
): Value[] {
  meter.step(items.length * 20);
  const paths = attribute == null ? [] : String(attribute).split(",");
  const keysOf = (item: Value) =>
    paths.length === 0 ? [folded(item, isExact)] : paths.map((path) => folded(attributeOf(item, path), isExact));
  const keyed = items.map((item) => ({ item, keys: keysOf(item) }));
  keyed.sort((a, b) => (isReversed ? -1 : 1) * compare(a.keys, b.keys, meter));
  return keyed.map(({ item }) => item);
}

const extreme = (isBetter: (order: number) => boolean): Filter =>
  ofItems((items, args, meter) => {
    const isExact = args.flag(0, "case_sensitive");
    const path = args.get(1, "attribute");
    const keyOf = (item: Value) => folded(path == null ? item : attributeOf(item, path), isExact);
    let best = items[0];
    for (const item of items.slice(1)) if (isBetter(compare(keyOf(item), keyOf(best), meter))) best = item;
    return best;
  });

/** Keeps or rejects the items that pass a test, or whose attribute does. */
const chosen = (isKept: boolean, hasAttribute: boolean): Filter =>
  ofSome((items, args, meter) => {
    const [attribute] = args.positional;
    const { positional } = hasAttribute ? args.from(1) : args;
    const [test, ...testArgs] = positional;
    return items.filter((item) => {
      const value = hasAttribute ? attributeOf(item, attribute) : item;
      const passes = test === undefined ? isTrue(value) : passesTest(String(test), value, testArgs, meter);
      return passes === isKept;
    });
  });

const jsonForm = (args: FilterArguments): JsonForm => {
  const [first] = args.positional;
  // In Jinja's own filter, the first argument is the indent. In the one of chat templates, it is a flag.
  const indent = typeof first === "number" ? first : args.get(1, "indent");
  const isAscii = isTrue(args.named.get("ensure_ascii") ?? first === true);
  const given = args.get(2, "separators");
  const [item, key] = Array.isArray(given) ? given : [];
  const spaces =
    typeof indent === "string"
      ? indent
      : numberOf(indent) === null
        ? null
        : " ".repeat(Math.min(numberOf(indent) ?? 0, 64));
  return {
    indent: spaces,
    separators: [typeof item === "string" ? item : spaces === null ? ", " : ",", typeof key === "string" ? key : ": "],
    sortsKeys: args.flag(3, "sort_keys"),
    isAscii,
  };
};

const first: Filter = (value, _, meter) => requireItems(value, meter)[0];
const length: Filter = (value, _, meter) => {
  if (typeof value === "string") return charactersOf(value, meter).length;
  if (value instanceof Map) return value.size;
  return requireItems(value, meter).length;
};
const standard: Filter = (value, args) => {
  const isMissing = value === undefined || (args.flag(1, "boolean") && !isTrue(value));
  return isMissing ? (args.get(0, "default_value") ?? "") : value;
};
const escapeSigns: Filter = ofText((text) =>
  text.replace(
    /[&<>"']/g,
    (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" })[sign] ?? sign,
  ),
);

const filters: Readonly<Record<string, Filter>> = {
  abs: (value) => (value instanceof Float ? new Float(Math.abs(value.value)) : Math.abs(numberOf(value) ?? Number.NaN)),
  attr: (value, args) => (value instanceof Attributes ? value.values.get(args.text(0, "name", "")) : undefined),
  batch: ofItems((items, args) => {
    const size = Math.max(1, args.number(0, "linecount", 1));
    const rows = Array.from({ length: Math.ceil(items.length / size) }, (_, row) =>
      items.slice(row * size, (row + 1) * size),
    );
    const fill = args.get(1, "fill_with");
    const last = rows.at(-1);
    if (fill != null && last !== undefined) while (last.length < Math.min(size, 10_000)) last.push(fill);
    return rows;
  }),
  capitalize: ofText(capitalize),
  center: ofText((text, args, meter) => {
    const missing = Math.max(0, args.number(0, "width", 80) - text.length);
    meter.write(missing);
    return " ".repeat(Math.floor(missing / 2)) + text + " ".repeat(Math.ceil(missing / 2));
  }),
  count: length,
  d: standard,
  default: standard,
  dictsort: (value, args, meter) => {
    if (!(value instanceof Map)) throw new TemplateError(`${typeOf(value)} is not a mapping`);
    const pairs: Value[] = [...value].map(([key, item]) => Tuple.of(key, item));
    const by = args.text(1, "by", "key") === "value" ? "1" : "0";
    return sortItems(pairs, by, args.flag(0, "case_sensitive"), args.flag(2, "reverse"), meter);
  },
  e: escapeSigns,
  escape: escapeSigns,
  first,
  float: (value, args) => {
    const number = typeof value === "string" ? (value.trim() === "" ? Number.NaN : Number(value)) : numberOf(value);
    if (number !== null && !Number.isNaN(number)) return new Float(number);
    return args.get(0, "default") ?? new Float(0);
  },
  forceescape: escapeSigns,
  format: (value, args, meter) => formatPercent(textOf(value, meter), args.positional, args.named, meter),
  groupby: ofItems((items, args, meter) => {
    const attribute = args.get(0, "attribute");
    const isExact = args.flag(2, "case_sensitive");
    const keyOf = (item: Value) => attributeOf(item, attribute) ?? args.get(1, "default");
    const groups: { key: Value; items: Value[] }[] = [];
    for (const item of sortItems(items, attribute, isExact, false, meter)) {
      const group = groups.at(-1);
      const key = keyOf(item);
      if (group !== undefined && isEqual(folded(group.key, isExact), folded(key, isExact), meter))
        group.items.push(item);
      else groups.push({ key, items: [item] });
    }
    return groups.map(({ key, items }) => Tuple.of(key, items));
  }),
  indent: ofText((text, args, meter) => {
    const given = args.get(0, "width");
    const pad = typeof given === "string" ? given : " ".repeat(Math.min(numberOf(given) ?? 4, 10_000));
    const lines = text.split("\n");
    meter.write(text.length + lines.length * pad.length);
    const blank = args.flag(2, "blank");
    return lines
      .map((line, at) => ((at === 0 ? args.flag(1, "first") : line !== "" || blank) ? pad + line : line))
      .join("\n");
  }),
  int: (value, args) => {
    const base = args.number(1, "base", 10);
    if (typeof value !== "string") {
      const number = numberOf(value);
      return number === null ? (args.get(0, "default") ?? 0) : Math.trunc(number);
    }
    const digits = value.trim().replaceAll("_", "");
    const isWhole = base === 10 ? /^[+-]?\d+$/.test(digits) : /^[+-]?(?:0[xob])?[\da-z]+$/i.test(digits);
    const whole = isWhole
      ? Number.parseInt(base === 10 ? digits : digits.replace(/^([+-]?)0[xob]/i, "$1"), base)
      : Number.NaN;
    const number = Number.isNaN(whole) && digits !== "" ? Math.trunc(Number(digits)) : whole;
    return Number.isFinite(number) ? number : (args.get(0, "default") ?? 0);
  },
  items: (value, _, meter) => {
    if (value === undefined) return [];
    if (!(value instanceof Map)) throw new TemplateError(`${typeOf(value)} is not a mapping`);
    meter.step(value.size);
    return [...value].map(([key, item]) => Tuple.of(key, item));
  },
  join: ofItems((items, args, meter) => {
    const attribute = args.get(1, "attribute");
    const parts = attribute == null ? items : items.map((item) => attributeOf(item, attribute));
    return joinTexts(parts, textOf(args.get(0, "d") ?? "", meter), meter);
  }),
  last: (value, _, meter) => requireItems(value, meter).at(-1),
  length,
  list: ofItems((items) => items),
  lower: ofText((text) => text.toLowerCase()),
  map: ofSome((items, args, meter) => {
    const attribute = args.named.get("attribute");
    if (attribute !== undefined) {
      const fallback = args.named.get("default");
      return items.map((item) => attributeOf(item, attribute) ?? fallback);
    }
    const [name] = args.positional;
    const { positional, named } = args.from(1);
    return items.map((item) => applyFilter(String(name), item, { positional, named }, meter));
  }),
  max: extreme((order) => order > 0),
  min: extreme((order) => order < 0),
  pprint: (value, _, meter) => representationOf(value, meter),
  reject: chosen(false, false),
  rejectattr: chosen(false, true),
  replace: ofText((text, args, meter) =>
    replaceText(
      text,
      textOf(args.get(0, "old"), meter),
      textOf(args.get(1, "new"), meter),
      args.number(2, "count", -1),
      meter,
    ),
  ),
  reverse: (value, _, meter) => {
    if (typeof value === "string") return Array.from(charactersOf(value, meter)).reverse().join("");
    return [...requireItems(value, meter)].reverse();
  },
  round: (value, args) => {
    const number = numberOf(value) ?? Number.NaN;
    const scale = 10 ** args.number(0, "precision", 0);
    const method = args.text(1, "method", "common");
    const scaled = number * scale;
    const even = Math.abs(scaled % 1) === 0.5 ? 2 * Math.round(scaled / 2) : Math.round(scaled);
    return new Float((method === "ceil" ? Math.ceil(scaled) : method === "floor" ? Math.floor(scaled) : even) / scale);
  },
  safe: (value) => value,
  select: chosen(true, false),
  selectattr: chosen(true, true),
  slice: ofItems((items, args) => {
    const count = Math.min(10_000, Math.max(1, args.number(0, "slices", 1)));
    const fill = args.get(1, "fill_with");
    const size = Math.floor(items.length / count);
    const extra = items.length % count;
    return Array.from({ length: count }, (_, index) => {
      const start = index * size + Math.min(index, extra);
      const part = items.slice(start, start + size + (index < extra ? 1 : 0));
      return fill != null && index >= extra ? [...part, fill] : part;
    });
  }),
  sort: ofItems((items, args, meter) =>
    sortItems(items, args.get(2, "attribute"), args.flag(1, "case_sensitive"), args.flag(0, "reverse"), meter),
  ),
  string: (value, _, meter) => textOf(value, meter),
  striptags: ofText((text) =>
    text
      .replace(/<!--[\s\S]*?-->|<[^>]*>/g, "")
      .split(/\s+/)
      .join(" ")
      .trim(),
  ),
  sum: ofItems((items, args) => {
    const attribute = args.get(0, "attribute");
    const values = attribute == null ? items : items.map((item) => attributeOf(item, attribute));
    const total = values.reduce<number>(
      (sum, value) => sum + (numberOf(value) ?? Number.NaN),
      args.number(1, "start", 0),
    );
    if (Number.isNaN(total)) throw new TemplateError("sum() needs numbers");
    return values.some((value) => value instanceof Float) ? new Float(total) : total;
  }),
  title: ofText((text) => text.replace(/[^-\s({[<]+/g, capitalize)),
  tojson: (value, args, meter) => writeJson(value, jsonForm(args), meter),
  trim: ofText((text, args) => stripText(text, args.get(0, "chars"))),
  truncate: ofText((text, args) => {
    const length = args.number(0, "length", 255);
    const end = args.text(2, "end", "...");
    if (text.length <= length + args.number(3, "leeway", 5)) return text;
    const cut = text.slice(0, Math.max(0, length - end.length));
    const space = cut.lastIndexOf(" ");
    return (args.flag(1, "killwords") || space < 0 ? cut : cut.slice(0, space)) + end;
  }),
  unique: ofItems((items, args, meter) => {
    const attribute = args.get(1, "attribute");
    const isExact = args.flag(0, "case_sensitive");
    const seen: Value[] = [];
    return items.filter((item) => {
      const key = folded(attribute == null ? item : attributeOf(item, attribute), isExact);
      if (seen.some((other) => isEqual(other, key, meter))) return false;
      return seen.push(key);
    });
  }),
  upper: ofText((text) => text.toUpperCase()),
  urlencode: ofText((text) => encodeURIComponent(wholeText(text)).replaceAll("%2F", "/")),
  wordcount: ofText((text) => text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0),
};
