import type * as z from "zod/mini";
import { commandWords } from "./command-words.js";
import { cutText } from "./cut-text.js";
import { findPrototypeKeys } from "./find-prototype-keys.js";
import { keyedAlternatives } from "./keyed-alternatives.js";
import { nearestName } from "./nearest-name.js";
import type { SchemaIssue } from "./schema.js";
import { textFormats } from "./text-formats.js";

/** Most issues that are reported for one value. */
const MAX_ISSUES = 20;
/** Most characters of a found value that are quoted. */
const MAX_FOUND_LENGTH = 60;

type Issue = z.core.$ZodIssue;
type Path = (string | number)[];

/** Describes what is wrong with `value`, for the author of the file. Empty for a valid value. */
export function describeIssues(schema: z.ZodMiniType, value: unknown, issues: readonly Issue[]): SchemaIssue[] {
  const described = issues.slice(0, MAX_ISSUES).flatMap((issue) => describeIssue(schema, issue));
  const prototypeKeys = findPrototypeKeys(value, MAX_ISSUES).flatMap((path) => {
    const place = path.slice(0, -1);
    return unknownKeys(schema, place, ["__proto__"], valueAt(value, place));
  });
  return withoutMisspelt(withoutRepeats([...described, ...prototypeKeys])).slice(0, MAX_ISSUES);
}

/** Drops the `missing` issue of a key that was misspelled: its `unknown-key` issue already names it. */
function withoutMisspelt(issues: readonly SchemaIssue[]): SchemaIssue[] {
  const meant = new Set(
    issues.flatMap(({ kind, path, nearest }) =>
      kind === "unknown-key" && nearest !== null ? [JSON.stringify([...path.slice(0, -1), nearest])] : [],
    ),
  );
  return issues.filter(({ kind, path }) => kind !== "missing" || !meant.has(JSON.stringify(path)));
}

/** Drops repeated issues: a list instead of a string fails both the type check and the length check. */
function withoutRepeats(issues: readonly SchemaIssue[]): SchemaIssue[] {
  return [...new Map(issues.map((issue) => [JSON.stringify([issue.path, issue.message]), issue])).values()];
}

function describeIssue(schema: z.ZodMiniType, issue: Issue): SchemaIssue[] {
  const path = issue.path as Path;
  if (issue.code === "unrecognized_keys") {
    return unknownKeys(schema, path, issue.keys.filter((key) => key !== "__proto__").slice(0, MAX_ISSUES), issue.input);
  }
  if (issue.code === "invalid_union") {
    const keyed = describeKeyed(schema, { ...issue, path });
    if (keyed !== null) return keyed;
    const nearest = nearestAlternative(issue);
    if (nearest !== null) {
      return nearest.flatMap((inner) => describeIssue(schema, { ...inner, path: [...path, ...inner.path] } as Issue));
    }
  }
  return [describeValue(schemasAt(schema, path), path, issue.input)];
}

/** Describes a map that fits none of several alternatives, if one key tells these apart. Null for other values. */
function describeKeyed(schema: z.ZodMiniType, issue: Issue & { code: "invalid_union" }): SchemaIssue[] | null {
  const { input, errors } = issue;
  const path = issue.path as Path;
  if (typeof input !== "object" || input === null || Array.isArray(input)) return null;
  const options = schemasAt(schema, path);
  const { keys } = keyedAlternatives(options) ?? {};
  if (keys === undefined || errors.length !== keys.length) return null;
  const [found, second] = keys.filter((key) => Object.hasOwn(input, key));
  const names = keys.join(", ");
  if (second !== undefined) {
    const message = `not allowed beside "${found}": expected only one of ${names}`;
    return [
      { path: [...path, second], kind: "unknown-key", expected: `one of ${names}`, found: "", nearest: null, message },
    ];
  }
  if (found !== undefined) {
    const inner = errors[keys.indexOf(found)] ?? [];
    return inner.flatMap((part) => describeIssue(schema, { ...part, path: [...path, ...part.path] } as Issue));
  }
  const known = new Set(options.flatMap((option) => Object.keys(definition(option).shape ?? {})));
  const unknown = Object.keys(input).filter((key) => !known.has(key));
  const misspelt = unknown.map((key) => unknownKey(path, key, keys));
  if (misspelt.length > 0) return misspelt.slice(0, MAX_ISSUES);
  const expected = `one of ${names}`;
  return [{ path, kind: "missing", expected, found: "", nearest: null, message: `missing: expected ${expected}` }];
}

function unknownKeys(schema: z.ZodMiniType, path: Path, keys: readonly string[], map: unknown): SchemaIssue[] {
  const known = knownKeys(schemasAt(schema, path), keys, map as object);
  return keys.map((key) => unknownKey(path, key, known));
}

function unknownKey(path: Path, key: string, known: readonly string[]): SchemaIssue {
  const expected = known.length > 0 ? `one of ${known.join(", ")}` : "another name";
  const nearest = nearestName(key, known);
  const message = nearest === null ? `unknown key: expected ${expected}` : `unknown key: did you mean "${nearest}"?`;
  return { path: [...path, key], kind: "unknown-key", expected, found: "", nearest, message };
}

function describeValue(schemas: readonly z.ZodMiniType[], path: Path, value: unknown): SchemaIssue {
  const expected = [...new Set(schemas.map(describeSchema))].join(" or ");
  if (value === undefined) {
    return { path, kind: "missing", expected, found: "", nearest: null, message: `missing: expected ${expected}` };
  }
  const found = describeFound(value);
  const texts = schemas.flatMap(literals).filter((literal) => typeof literal === "string");
  const nearest = typeof value === "string" ? nearestName(value, texts) : null;
  const advice = nearest === null ? advise(schemas, value, String(path.at(-1))) : `: did you mean "${nearest}"?`;
  return { path, kind: "invalid", expected, found, nearest, message: `expected ${expected}, found ${found}${advice}` };
}

/** Returns the issues of the union alternative that the map is closest to, or null if the value is not a map. */
function nearestAlternative(issue: Issue & { code: "invalid_union" }): Issue[] | null {
  const isWhole = ({ path, code }: Issue) =>
    path.length === 0 && code !== "unrecognized_keys" && code !== "invalid_union";
  if (typeof issue.input !== "object") return null;
  const candidates = issue.errors.filter((issues) => !issues.some(isWhole));
  return candidates.sort((one, other) => one.length - other.length)[0] ?? null;
}

interface Definition {
  type: string;
  shape?: Record<string, z.ZodMiniType>;
  element?: z.ZodMiniType;
  valueType?: z.ZodMiniType;
  innerType?: z.ZodMiniType;
  options?: readonly z.ZodMiniType[];
  entries?: Record<string, string>;
  values?: readonly unknown[];
  format?: string;
  checks?: readonly { _zod: { def: Bound } }[];
}

interface Bound {
  check: string;
  value?: number;
  maximum?: number;
  pattern?: RegExp;
}

function definition(schema: z.ZodMiniType): Definition {
  return schema._zod.def as Definition;
}

/** Returns the possible schemas of the value at `path`, without optional, nullable, default and union wrappers. */
function schemasAt(schema: z.ZodMiniType, path: Path): z.ZodMiniType[] {
  let schemas = alternatives(schema);
  for (const key of path) {
    schemas = schemas.flatMap((candidate) => {
      const { shape, element, valueType } = definition(candidate);
      const next = shape === undefined ? (element ?? valueType) : Object.hasOwn(shape, key) ? shape[key] : undefined;
      return next === undefined ? [] : alternatives(next);
    });
  }
  return schemas;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce((map, key) => (map as Record<string | number, unknown>)[key], value);
}

function alternatives(schema: z.ZodMiniType): z.ZodMiniType[] {
  const { type, innerType, options } = definition(schema);
  if (type === "lazy") return alternatives((schema as z.ZodMiniLazy<z.ZodMiniType>)._zod.innerType);
  if (innerType !== undefined) return alternatives(innerType);
  if (options !== undefined) return options.flatMap(alternatives);
  return [schema];
}

/** Returns the valid keys of a map that has `unknown` keys, from the alternative that shares most keys with it. */
function knownKeys(schemas: readonly z.ZodMiniType[], unknown: readonly string[], map: object): string[] {
  const inCommon = (known: readonly string[]) => known.filter((key) => Object.hasOwn(map, key)).length;
  const [nearest] = schemas
    .map((schema) => Object.keys(definition(schema).shape ?? {}))
    .filter((known) => !unknown.some((key) => known.includes(key)))
    .sort((one, other) => inCommon(other) - inCommon(one));
  return nearest ?? [];
}

function describeSchema(schema: z.ZodMiniType): string {
  const { type, format, checks = [] } = definition(schema);
  const bounds = checks.map((check) => check._zod.def);
  switch (type) {
    case "number":
      return `${format === "safeint" ? "an integer" : "a number"}${rangeOf(bounds)}`;
    case "string":
      if (format === "datetime") return "an ISO 8601 time in UTC, such as 2026-01-31T12:00:00Z";
      for (const { pattern } of bounds) if (pattern !== undefined) return describePattern(pattern);
      return bounds.some((bound) => bound.check === "min_length") ? "a string that is not empty" : "a string";
    case "boolean":
      return "true or false";
    case "array": {
      const most = bounds.find((bound) => bound.check === "max_length")?.maximum;
      return most === undefined ? "a list" : `a list of at most ${most}`;
    }
    case "null":
      return "null";
    case "object":
    case "record":
      return "a map of keys and values";
    default:
      return literals(schema)
        .map((value) => JSON.stringify(value))
        .join(" or ");
  }
}

/** Returns the texts that a pattern allows, in words. */
function describePattern(pattern: RegExp): string {
  const known = textFormats.find((format) => format.pattern === pattern);
  return known?.description ?? `a text of the form ${pattern.source}`;
}

/** Returns the range of a number in words; empty if it has no bounds. */
function rangeOf(bounds: readonly Bound[]): string {
  const endOf = (kind: string) => bounds.find(({ check }) => check === kind)?.value;
  const [least, most] = [endOf("greater_than"), endOf("less_than")];
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}`;
  if (least !== undefined) return ` of at least ${least}`;
  return most === undefined ? "" : ` of at most ${most}`;
}

/** Returns the values of an enum or a literal. */
function literals(schema: z.ZodMiniType): unknown[] {
  const { entries, values } = definition(schema);
  return [...Object.values(entries ?? {}), ...(values ?? [])];
}

function describeFound(value: unknown): string {
  if (typeof value === "string") return `${JSON.stringify(abbreviate(value))} (a string)`;
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a map";
  return abbreviate(String(value));
}

function abbreviate(text: string): string {
  return text.length > MAX_FOUND_LENGTH ? `${cutText(text, MAX_FOUND_LENGTH)}…` : text;
}

/** Returns advice about the most likely mistake, or an empty text. */
function advise(schemas: readonly z.ZodMiniType[], value: unknown, key: string): string {
  const takes = (type: string) => schemas.some((schema) => definition(schema).type === type);
  const isTime = schemas.some((schema) => definition(schema).format === "datetime");
  if (typeof value === "number" && takes("string") && !isTime) return ": put it in quotes";
  if (typeof value === "number" && takes("number") && value > Number.MAX_SAFE_INTEGER) return ": too large";
  if (Array.isArray(value)) {
    if (takes("array")) return value.length === 0 ? " without entries: add at least one" : ` of ${value.length}`;
    const [only, second] = value;
    const isOne = typeof only === "string" && second === undefined && takes("string");
    return isOne ? `: write ${JSON.stringify(abbreviate(only))}, without brackets` : "";
  }
  if (typeof value !== "string" || value.trim() === "") return "";
  const isNumeral = Number.isFinite(Number(value));
  if (isNumeral && takes("number")) return ": remove the quotes";
  const isTruth = value === "true" || value === "false";
  if (isTruth && (takes("boolean") || schemas.flatMap(literals).includes(value === "true")))
    return ": remove the quotes";
  const truth = /^(?:yes|on|y)$/i.test(value) ? true : /^(?:no|off|n)$/i.test(value) ? false : null;
  if (truth !== null && takes("boolean")) return `: write ${truth}`;
  const amount = takes("number") ? amountOf(value, key) : null;
  if (amount !== null) return `: write ${amount}`;
  if (!takes("array") || value.length > MAX_FOUND_LENGTH) return "";
  const list = key === "command" ? commandWords(value) : [value];
  return list === null ? "" : `: write ${JSON.stringify(list)}`;
}

/** Factors from units that people write to the unit of a key, by the last word of the key. */
const unitsByKey: Record<string, Record<string, number>> = {
  kb: { "": 1 / 1024, k: 1, m: 1024, g: 1024 ** 2 },
  mb: { "": 1 / 1024 ** 2, k: 1 / 1024, m: 1, g: 1024, t: 1024 ** 2 },
  seconds: { ms: 0.001, s: 1, sec: 1, secs: 1, second: 1, seconds: 1, m: 60, min: 60, minutes: 60, h: 3600, d: 86_400 },
  days: { h: 1 / 24, d: 1, day: 1, days: 1, w: 7, week: 7, weeks: 7, y: 365 },
};

/** Converts an amount to the unit of a key: `2GB` for a key in MB is 2048. Null for other texts and other units. */
function amountOf(text: string, key: string): number | null {
  const match = /^\s*(\d{1,12}(?:[._]\d{1,12})?)\s*([a-z]{0,8})\s*$/i.exec(text);
  if (match === null) return null;
  const size = Number(match[1]?.replace("_", ""));
  const kind = key.split("_").at(-1) ?? "";
  const unit = (match[2] ?? "").toLowerCase();
  const units = Object.hasOwn(unitsByKey, kind) ? unitsByKey[kind] : undefined;
  if (units === undefined) return unit === "" ? size : null;
  const short = kind.endsWith("b") ? unit.replace(/i?b(?:ytes?)?$|i$/, "") : unit;
  const factor = Object.hasOwn(units, short) ? units[short] : undefined;
  const amount = factor === undefined ? null : Math.ceil(size * factor);
  return amount !== null && amount > 0 ? amount : null;
}
