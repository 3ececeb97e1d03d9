import { cutText } from "@nanoagent/models";
import { dropUnsupported } from "../json-schema/drop-unsupported.js";
import { isPlainObject } from "../json-schema/is-plain-object.js";
import { readSchema } from "../json-schema/read-schema.js";
import { wholeData } from "../whole-text.js";
import { cleanText } from "./tool-result-text.js";

/** Largest schema of a tool. It is part of every prompt that offers the tool. */
const MAX_SCHEMA_BYTES = 16 * 1024;
const MAX_SCHEMA_LEVELS = 16;
const MAX_SCHEMA_PARTS = 500;
const MAX_DESCRIPTION_CHARACTERS = 300;

type Raw = Record<string, unknown>;

/** A schema that can be checked completely, and the parts that were removed for that. */
export interface SimplifiedSchema {
  readonly schema: object;
  /** Keywords that are not enforced, with their place: `pattern at /properties/name`. */
  readonly unenforced: readonly string[];
}

const types = new Set(["null", "boolean", "integer", "number", "string", "array", "object"]);
const isNumber = (value: unknown) => typeof value === "number" && Number.isFinite(value);
const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;

/** Valid values of each keyword that is kept. Other values are removed. */
const plainKeywords: Record<string, (value: unknown) => boolean> = {
  type: (value) => [value].flat().length > 0 && [value].flat().every((type) => types.has(type as string)),
  enum: (value) => Array.isArray(value) && value.length > 0,
  const: (value) => value !== undefined,
  required: (value) => Array.isArray(value) && value.every((name) => typeof name === "string"),
  minimum: isNumber,
  maximum: isNumber,
  exclusiveMinimum: isNumber,
  exclusiveMaximum: isNumber,
  multipleOf: (value) => isNumber(value) && (value as number) > 0,
  minLength: isCount,
  maxLength: isCount,
  minItems: isCount,
  maxItems: isCount,
  minProperties: isCount,
  maxProperties: isCount,
  nullable: (value) => typeof value === "boolean",
  $ref: (value) => typeof value === "string",
};

/** Keywords that do not affect whether a value is valid. */
const annotations = new Set(
  (
    "title description default examples example deprecated readOnly writeOnly $schema $id id $anchor $comment $vocabulary " +
    "contentEncoding contentMediaType contentSchema xml externalDocs discriminator"
  ).split(" "),
);

/**
 * Converts a schema of a tool's arguments to a short one that can be checked. Accepts any draft, OpenAPI, and programs
 * that write null for absent values. Removes what cannot be checked, such as `pattern`, and lists it. Throws an
 * {@link Error} with the reason for a schema that is too large or invalid. With `ofProgram`, `format` is enforced and
 * an invalid part is an error; otherwise `format` is an annotation and an invalid part allows any value.
 */
export function simplifySchema(raw: unknown, { ofProgram = false } = {}): SimplifiedSchema {
  if (!isMap(raw)) throw new Error("it is not a JSON Schema");
  const unenforced = new Set<string>();
  const root = wholeData(new Simplifier(unenforced, ofProgram).simplify(rootOf(raw), 0, "")) as Raw;
  if (root.type !== "object") throw new Error("it is not the schema of an object");
  if (JSON.stringify(root).length > MAX_SCHEMA_BYTES) throw new Error(`it has more than ${MAX_SCHEMA_BYTES / 1024} KB`);
  // The schema reader rejects some keywords for its own reasons, such as a reference to another document.
  dropUnsupported(root, readSchema, { onDropped: (keyword, path) => unenforced.add(`${keyword} at ${path || "/"}`) });
  return { schema: root, unenforced: [...unenforced] };
}

/** Arguments are an object, also where the schema allows null as well or names no type. */
function rootOf(raw: Raw): Raw {
  const { type } = raw;
  const isObject = type === undefined || type === null || (Array.isArray(type) && type.includes("object"));
  return isObject ? { ...raw, type: "object" } : raw;
}

class Simplifier {
  readonly #unenforced: Set<string>;
  readonly #ofProgram: boolean;
  #parts = 0;

  constructor(unenforced: Set<string>, ofProgram: boolean) {
    this.#unenforced = unenforced;
    this.#ofProgram = ofProgram;
  }

  simplify(value: unknown, level: number, path: string): unknown {
    if (++this.#parts > MAX_SCHEMA_PARTS) throw new Error(`it has more than ${MAX_SCHEMA_PARTS} parts`);
    if (level > MAX_SCHEMA_LEVELS) throw new Error(`it is nested deeper than ${MAX_SCHEMA_LEVELS} levels`);
    if (typeof value === "boolean") return value;
    if (!isPlainObject(value) || Object.prototype.propertyIsEnumerable.call(value, "~standard")) {
      if (this.#ofProgram)
        throw new Error(`the part at ${path || "/"} is not a JSON Schema; pass one made by its library`);
      this.#unenforced.add(`a part that is not a schema at ${path || "/"}`);
      return {};
    }
    const kept: Raw = {};
    for (const [keyword, given] of Object.entries(value)) {
      // Programs without absent values write null.
      if (given === null && keyword !== "const") continue;
      const inner = `${path}/${keyword}`;
      if (keyword === "description") kept.description = typeof given === "string" ? cut(given) : undefined;
      else if (this.#isPlain(keyword, given)) kept[keyword] = given;
      else if (["properties", "$defs", "definitions"].includes(keyword))
        kept[keyword] = this.#named(given, level, inner);
      else if (["allOf", "anyOf", "oneOf", "prefixItems"].includes(keyword))
        kept[keyword] = this.#list(given, level, inner);
      else if (keyword === "items" && Array.isArray(given)) kept.prefixItems = this.#list(given, level, inner);
      else if (["items", "additionalProperties", "propertyNames"].includes(keyword))
        kept[keyword] = this.simplify(given, level + 1, inner);
      else if (!this.#keepOldForm(value, kept, keyword, given)) this.#leaveOut(keyword, given, path);
    }
    // Without the removed keywords, several alternatives of `oneOf` may match, so it becomes `anyOf`.
    const { oneOf, ...others } = kept;
    const schema: Raw = Array.isArray(oneOf)
      ? {
          ...others,
          ...(others.anyOf === undefined ? { anyOf: oneOf } : { allOf: [...listOf(others.allOf), { anyOf: oneOf }] }),
        }
      : kept;
    // Without `patternProperties`, `additionalProperties` would reject names that the pattern allows.
    if (isMap(value.patternProperties)) delete schema.additionalProperties;
    if (schema.nullable === true && schema.type === undefined) delete schema.nullable;
    return Object.fromEntries(Object.entries(schema).filter(([, item]) => item !== undefined));
  }

  #isPlain(keyword: string, given: unknown): boolean {
    if (keyword === "format") return this.#ofProgram && typeof given === "string";
    return Object.hasOwn(plainKeywords, keyword) && plainKeywords[keyword]?.(given) === true;
  }

  #named(given: unknown, level: number, path: string): Raw | undefined {
    if (!isMap(given)) return undefined;
    const entries = Object.entries(given).filter(([name]) => name !== "__proto__");
    return Object.fromEntries(entries.map(([name, item]) => [name, this.simplify(item, level + 1, `${path}/${name}`)]));
  }

  #list(given: unknown, level: number, path: string): unknown[] | undefined {
    if (!Array.isArray(given) || given.length === 0) return undefined;
    return given.map((item, index) => this.simplify(item, level + 1, `${path}/${index}`));
  }

  /** Draft 4 has a boolean next to the bound, and draft 3 has one in the property itself. */
  #keepOldForm({ minimum, maximum }: Raw, kept: Raw, keyword: string, given: unknown): boolean {
    const bound = keyword === "exclusiveMinimum" ? minimum : keyword === "exclusiveMaximum" ? maximum : undefined;
    if (given === true && isNumber(bound)) kept[keyword] = bound;
    return typeof given === "boolean" && (keyword === "required" || keyword.startsWith("exclusive"));
  }

  #leaveOut(keyword: string, given: unknown, path: string): void {
    const isAnnotation =
      annotations.has(keyword) || keyword.startsWith("x-") || (keyword === "uniqueItems" && given === false);
    if (!isAnnotation) this.#unenforced.add(`${cutText(keyword, 40)} at ${path || "/"}`);
  }
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isMap(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function cut(said: string): string {
  const text = cleanText(cutText(said, 2 * MAX_DESCRIPTION_CHARACTERS));
  return text.length <= MAX_DESCRIPTION_CHARACTERS ? text : `${cutText(text, MAX_DESCRIPTION_CHARACTERS - 1)}…`;
}
