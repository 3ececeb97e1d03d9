import type * as z from "zod/mini";
import { nearestName } from "./nearest-name.js";
import type { SchemaIssue } from "./schema.js";

/** A file full of nonsense is answered with its first few faults, not with a page for each. */
const MAX_ISSUES = 20;
/** What was found is quoted up to this many characters. */
const MAX_FOUND_LENGTH = 60;

type Issue = z.core.$ZodIssue;
type Path = (string | number)[];

/** Says what the schema library found in words that a person who wrote the file understands. */
export function describeIssues(schema: z.ZodMiniType, issues: readonly Issue[]): SchemaIssue[] {
  return issues.flatMap((issue) => describeIssue(schema, issue)).slice(0, MAX_ISSUES);
}

function describeIssue(schema: z.ZodMiniType, issue: Issue): SchemaIssue[] {
  const path = issue.path as Path;
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(schema, path);
    return issue.keys.slice(0, MAX_ISSUES).map((key) => unknownKey([...path, key], known));
  }
  if (issue.code === "invalid_union") {
    const nearest = nearestAlternative(issue);
    if (nearest !== null) {
      return nearest.flatMap((inner) => describeIssue(schema, { ...inner, path: [...path, ...inner.path] } as Issue));
    }
  }
  return [describeValue(schemasAt(schema, path), path, issue.input)];
}

/** The issue that a key nobody knows makes; `known` are the keys that its place takes. */
export function unknownKey(path: Path, known: readonly string[]): SchemaIssue {
  const nearest = nearestName(String(path.at(-1)), known);
  const expected = known.length > 0 ? `one of ${known.join(", ")}` : "no keys";
  const message = nearest === null ? `unknown key: expected ${expected}` : `unknown key: did you mean "${nearest}"?`;
  return { path, kind: "unknown-key", expected, found: "", nearest, message };
}

function describeValue(schemas: readonly z.ZodMiniType[], path: Path, value: unknown): SchemaIssue {
  const expected = [...new Set(schemas.map(describeSchema))].join(" or ");
  if (value === undefined) {
    return { path, kind: "missing", expected, found: "", nearest: null, message: `missing: expected ${expected}` };
  }
  const found = describeFound(value);
  const nearest = typeof value === "string" ? nearestName(value, schemas.flatMap(literals)) : null;
  const advice = nearest === null ? quotingAdvice(schemas, value) : `: did you mean "${nearest}"?`;
  return { path, kind: "invalid", expected, found, nearest, message: `expected ${expected}, found ${found}${advice}` };
}

/** Of a union's alternatives, the issues of the one that a map of keys came nearest to; null when it is no map at all. */
function nearestAlternative(issue: Issue & { code: "invalid_union" }): Issue[] | null {
  const isWhole = (inner: Issue) => inner.path.length === 0 && inner.code !== "unrecognized_keys";
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
}

function definition(schema: z.ZodMiniType): Definition {
  return schema._zod.def as Definition;
}

/** The schemas that the value at `path` may have, those behind optional, nullable, default and union. */
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

function alternatives(schema: z.ZodMiniType): z.ZodMiniType[] {
  const { innerType, options } = definition(schema);
  if (innerType !== undefined) return alternatives(innerType);
  if (options !== undefined) return options.flatMap(alternatives);
  return [schema];
}

/** The keys that the map at `path` may have. */
function knownKeys(schema: z.ZodMiniType, path: Path): string[] {
  return [...new Set(schemasAt(schema, path).flatMap((candidate) => Object.keys(definition(candidate).shape ?? {})))];
}

function describeSchema(schema: z.ZodMiniType): string {
  const { type } = definition(schema);
  const { minimum, format } = schema._zod.bag as { minimum?: number; format?: string };
  switch (type) {
    case "int":
    case "number": {
      const kind = format === "safeint" ? "an integer" : "a number";
      const atLeast = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? "" : ` of at least ${minimum}`;
      return `${kind}${atLeast}`;
    }
    case "string":
      if (format === "datetime") return "an ISO 8601 time in UTC, such as 2026-01-31T12:00:00Z";
      return minimum === 1 ? "a string that is not empty" : "a string";
    case "boolean":
      return "true or false";
    case "array":
      return "a list";
    case "object":
    case "record":
      return "a map of keys and values";
    default:
      return literals(schema)
        .map((value) => JSON.stringify(value))
        .join(" or ");
  }
}

/** The values that an enum or a literal takes. */
function literals(schema: z.ZodMiniType): string[] {
  const { entries, values } = definition(schema);
  return [...Object.values(entries ?? {}), ...(values ?? [])].map(String);
}

function describeFound(value: unknown): string {
  if (typeof value === "string") {
    const shown = value.length > MAX_FOUND_LENGTH ? `${value.slice(0, MAX_FOUND_LENGTH)}…` : value;
    return `${JSON.stringify(shown)} (a string)`;
  }
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a map";
  return String(value);
}

function quotingAdvice(schemas: readonly z.ZodMiniType[], value: unknown): string {
  const takes = (type: string) => schemas.some((schema) => definition(schema).type === type);
  const isNumeral = typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value));
  if (isNumeral && takes("number")) return ": remove the quotes";
  if (typeof value === "number" && takes("string")) return ": put it in quotes";
  return "";
}
