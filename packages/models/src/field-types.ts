import * as z from "zod/mini";

/** A whole number of at least one. */
export function positiveInteger() {
  return z.int().check(z.minimum(1));
}

/** A count of bytes, tokens or layers: a whole number, zero included. */
export function count() {
  return z.int().check(z.minimum(0));
}
