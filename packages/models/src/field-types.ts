import * as z from "zod/mini";

/** Schema of an integer of at least 1. */
export function positiveInteger() {
  return z.int().check(z.minimum(1));
}

/** Schema of an integer of at least 0: a count of bytes, tokens or layers. */
export function count() {
  return z.int().check(z.minimum(0));
}

/**
 * Schema of an optional part, created when the part is present for the first time. Most parts are absent, and creating
 * their schemas takes longer than the rest of a check.
 */
export function optionalPart<Output, Input>(make: () => z.ZodMiniType<Output, Input>) {
  const part = z.lazy(make);
  // Otherwise checking the enclosing map creates the part to see whether it has a default.
  Object.defineProperty(part._zod, "optin", { value: undefined });
  return z.optional(part);
}
