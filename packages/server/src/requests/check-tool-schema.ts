import { cutText } from "@nanoagent/models";
import type { ServiceError } from "../errors/service-error.js";
import { type Fields, isFields, wrongType } from "./request-fields.js";

/** Most characters of a place that an error shows. Names in a schema can have any length. */
const MAX_PLACE_CHARACTERS = 200;

/** The value of a keyword: what it must be, and the schemas in it with their places. */
interface Kind {
  readonly expected: string;
  readonly isValid: (value: unknown) => boolean;
  readonly schemasIn?: (value: unknown) => readonly (readonly [place: string, schema: unknown])[];
}

const isSchema = (value: unknown) => isFields(value) || typeof value === "boolean";
const isListOfTexts = (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === "string");

const schema: Kind = {
  expected: "a schema (an object, true or false)",
  isValid: isSchema,
  schemasIn: (value) => [["", value]],
};
const schemas: Kind = {
  expected: "a list of schemas",
  isValid: Array.isArray,
  schemasIn: (value) => (value as unknown[]).map((inner, index) => [`[${index}]`, inner]),
};
const schemasByName: Kind = {
  expected: "an object of schemas",
  isValid: isFields,
  schemasIn: (value) => Object.entries(value as Fields).map(([name, inner]) => [`.${name}`, inner]),
};
const text: Kind = { expected: "a text", isValid: (value) => typeof value === "string" };
const number: Kind = { expected: "a number", isValid: (value) => typeof value === "number" };
const list: Kind = { expected: "a list", isValid: Array.isArray };
const type: Kind = {
  expected: "a text or a list of texts",
  isValid: (value) => typeof value === "string" || isListOfTexts(value),
};
/** Draft 3 has a boolean in the property itself. */
const required: Kind = {
  expected: "a list of texts",
  isValid: (value) => isListOfTexts(value) || typeof value === "boolean",
};
/** Older drafts have a list of schemas, one for each item. */
const items: Kind = {
  expected: "a schema or a list of schemas",
  isValid: (value) => isSchema(value) || Array.isArray(value),
  schemasIn: (value) => (Array.isArray(value) ? schemas : schema).schemasIn?.(value) ?? [],
};

/** Keywords that are checked. Others may have any value. */
const kinds: ReadonlyMap<string, Kind> = new Map(
  (
    [
      [schema, "additionalProperties propertyNames unevaluatedProperties unevaluatedItems contains not if then else"],
      [schemas, "allOf anyOf oneOf prefixItems"],
      [schemasByName, "properties patternProperties $defs definitions dependentSchemas"],
      [items, "items"],
      [type, "type"],
      [required, "required"],
      [list, "enum"],
      [text, "$ref pattern"],
      [number, "minimum maximum multipleOf minLength maxLength minItems maxItems minProperties maxProperties"],
    ] as const
  ).flatMap(([kind, keywords]) => keywords.split(" ").map((keyword) => [keyword, kind] as const)),
);

/**
 * Throws {@link ServiceError} for a tool's parameters that are not a JSON Schema. Keywords that a model cannot be held
 * to are valid.
 */
export function checkToolSchema(parameters: Fields, param: string): void {
  const open: { value: unknown; path: string }[] = [{ value: parameters, path: param }];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { value, path } = place;
    if (typeof value === "boolean") continue;
    if (!isFields(value)) throw notASchema(path, schema, value);
    for (const [keyword, given] of Object.entries(value)) {
      const kind = kinds.get(keyword);
      // Programs without absent values write null.
      if (kind === undefined || given === null) continue;
      const at = `${path}.${keyword}`;
      if (!kind.isValid(given)) throw notASchema(at, kind, given);
      for (const [name, inner] of kind.schemasIn?.(given) ?? []) {
        if (inner !== null) open.push({ value: inner, path: cut(`${at}${name}`) });
      }
    }
  }
}

function notASchema(path: string, { expected }: Kind, value: unknown): ServiceError {
  return wrongType(cut(path), expected, value, "Describe the arguments with a JSON Schema.");
}

function cut(path: string): string {
  return path.length <= MAX_PLACE_CHARACTERS ? path : `${cutText(path, MAX_PLACE_CHARACTERS - 1)}…`;
}
