import * as z from "zod/mini";

/** A whole number of at least one. */
export function positiveInteger() {
  return z.int().check(z.minimum(1));
}

/** A count of bytes, tokens or layers: a whole number, zero included. */
export function count() {
  return z.int().check(z.minimum(0));
}

/**
 * A part that may be absent, whose schema is made when the part is there for the first time: most of what can be written
 * is absent, and making its schemas takes longer than all else that a check does.
 */
export function optionalPart<Output, Input>(make: () => z.ZodMiniType<Output, Input>) {
  const part = z.lazy(make);
  // Without this, a check of the map around it makes the part to see whether it has a default.
  Object.defineProperty(part._zod, "optin", { value: undefined });
  return z.optional(part);
}
