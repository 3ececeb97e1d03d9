import { SchemaNotSupportedError } from "./schema-not-supported-error.js";

/** Most keywords that may be removed before the whole schema is rejected. */
const MAX_DROPPED = 50;

type Raw = Record<string, unknown>;

/**
 * Returns what `read` returns for a schema, after removing the keywords for which it throws
 * {@link SchemaNotSupportedError}. Changes the schema. `onDropped` gets each removed keyword and the JSON Pointer of its
 * place. `ifEmpty` lists the keywords to remove, in order, where no value satisfies a place. Throws the error of `read`
 * if no keyword is to blame, or after 50 of them.
 */
export function dropUnsupported<Result>(
  schema: object,
  read: (schema: object) => Result,
  {
    onDropped,
    ifEmpty = [],
  }: { onDropped?: (keyword: string, path: string) => void; ifEmpty?: readonly string[] } = {},
): Result {
  for (let count = 0; ; count++) {
    try {
      return read(schema);
    } catch (error) {
      if (!SchemaNotSupportedError.isInstance(error) || count >= MAX_DROPPED) throw error;
      const { path, keyword } = error as SchemaNotSupportedError;
      const place = placeOf(schema, path);
      const dropped = keyword ?? ifEmpty.find((other) => isMap(place) && Object.hasOwn(place, other));
      if (dropped === undefined || !isMap(place) || !Object.hasOwn(place, dropped)) throw error;
      drop(place, dropped);
      onDropped?.(dropped, path);
    }
  }
}

function drop(place: Raw, keyword: string): void {
  // Alternatives that overlap are still alternatives.
  if (keyword === "oneOf" && place.anyOf === undefined) place.anyOf = place.oneOf;
  // Without the pattern, other names would be rejected that it allows.
  if (keyword === "patternProperties") delete place.additionalProperties;
  delete place[keyword];
}

function placeOf(root: unknown, pointer: string): unknown {
  let place = root;
  for (const token of pointer.split("/").slice(1)) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    const isThere = typeof place === "object" && place !== null && Object.hasOwn(place, key);
    place = isThere ? (place as Raw)[key] : undefined;
  }
  return place;
}

function isMap(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
