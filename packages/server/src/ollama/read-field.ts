import { ServiceError } from "../errors/service-error.js";

/** Fields of a JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

interface Kinds {
  text: string;
  flag: boolean;
  list: readonly unknown[];
  object: Fields;
}

const kinds: { readonly [Kind in keyof Kinds]: { name: string; is: (value: unknown) => boolean } } = {
  text: { name: "a string", is: (value) => typeof value === "string" },
  flag: { name: "true or false", is: (value) => typeof value === "boolean" },
  list: { name: "a list", is: Array.isArray },
  object: { name: "an object", is: isObject },
};

/**
 * Returns a field of an object, or undefined if it is absent or null. Throws {@link ServiceError} for another kind of
 * value. `within` is the place of the object in the body: `messages[2]`.
 */
export function readField<Kind extends keyof Kinds>(
  fields: Fields,
  name: string,
  kind: Kind,
  within?: string,
): Kinds[Kind] | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (!kinds[kind].is(value)) throw notOfKind(within === undefined ? name : `${within}.${name}`, kind, value);
  return value as Kinds[Kind];
}

/** Returns a value as an object. Throws {@link ServiceError} for any other value. */
export function readObject(value: unknown, place: string | null): Fields {
  if (!isObject(value)) throw notOfKind(place, "object", value);
  return value as Fields;
}

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function notOfKind(place: string | null, kind: keyof Kinds, value: unknown): ServiceError {
  const what = place === null ? "The body of the request" : `"${place}"`;
  return ServiceError.invalid(place, `${what} must be ${kinds[kind].name}, not ${describeKind(value)}.`);
}

function describeKind(value: unknown): string {
  if (value === undefined) return "absent";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
