import { cutText } from "@nanoagent/models";
import { ServiceError } from "../errors/service-error.js";

/** An object of a request, field by field. Clients may send fields that are not read. */
export type Fields = Readonly<Record<string, unknown>>;

/** Most characters of a wrong value that an error shows. */
const MAX_SHOWN_CHARACTERS = 60;

/** Returns the body of a request, or throws {@link ServiceError} if it is not an object. */
export function readBody(body: unknown): Fields {
  if (isFields(body)) return body;
  throw ServiceError.invalid(
    null,
    `The body must be a JSON object, not ${shown(body)}.`,
    "Send the fields of the request as one object, with content-type application/json.",
  );
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns the value of a field, or undefined where it is absent or null. */
export function fieldOf(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? (fields[name] ?? undefined) : undefined;
}

export interface NumberBounds {
  minimum: number;
  maximum?: number;
  isInteger?: boolean;
}

/** Returns the number of a field, or undefined where it is absent or null. */
export function readNumber(
  fields: Fields,
  name: string,
  { minimum, maximum = Number.MAX_SAFE_INTEGER, isInteger = false }: NumberBounds,
): number | undefined {
  const value = fieldOf(fields, name);
  if (value === undefined) return undefined;
  const isValid =
    typeof value === "number" && value >= minimum && value <= maximum && (!isInteger || Number.isSafeInteger(value));
  if (isValid) return value;
  const range =
    maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum.toString()}`;
  throw wrongType(name, `${isInteger ? "an integer" : "a number"} ${range}`, value);
}

/** Returns the text of a field, or undefined where it is absent or null. */
export function readText(fields: Fields, name: string, param = name): string | undefined {
  const value = fieldOf(fields, name);
  if (value === undefined || typeof value === "string") return value;
  throw wrongType(param, "a text", value);
}

/** Returns the truth value of a field; false where it is absent or null. */
export function readFlag(fields: Fields, name: string, param = name): boolean {
  const value = fieldOf(fields, name) ?? false;
  if (typeof value === "boolean") return value;
  throw wrongType(param, "true or false", value);
}

/** Returns the object of a field, or undefined where it is absent or null. */
export function readObject(fields: Fields, name: string, param = name): Fields | undefined {
  const value = fieldOf(fields, name);
  if (value === undefined || isFields(value)) return value;
  throw wrongType(param, "an object", value);
}

/** Returns the list of a field, or undefined where it is absent or null. */
export function readList(fields: Fields, name: string, param = name): readonly unknown[] | undefined {
  const value = fieldOf(fields, name);
  if (value === undefined || Array.isArray(value)) return value;
  throw wrongType(param, "a list", value);
}

/** Returns the error for a value of the wrong type or outside its range. */
export function wrongType(param: string, expected: string, value: unknown, hint?: string): ServiceError {
  return ServiceError.invalid(
    param,
    `${param} must be ${expected}, not ${shown(value)}.`,
    hint ?? "Correct the field, or leave it out if it is optional.",
  );
}

/** Describes a value for an error: short values as they are, long ones by their kind. */
export function shown(value: unknown): string {
  if (value === undefined) return "absent";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return cutText(JSON.stringify(value) ?? typeof value, MAX_SHOWN_CHARACTERS);
}
