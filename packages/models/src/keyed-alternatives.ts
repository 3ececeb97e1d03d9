import type * as z from "zod/mini";

/** Alternatives of maps that each need a key that the others do not have, such as `command` or `url`. */
export interface KeyedAlternatives {
  /** The key of each alternative, in their order. */
  readonly keys: readonly string[];
}

interface ObjectDefinition {
  type: string;
  shape?: Record<string, z.ZodMiniType>;
}

/** Returns the keys that tell alternatives apart, or null where they are told apart in other ways. */
export function keyedAlternatives(options: readonly z.ZodMiniType[]): KeyedAlternatives | null {
  const keys = options.map(neededKey);
  const isKeyed = keys.length > 1 && keys.every((key) => key !== null) && new Set(keys).size === keys.length;
  return isKeyed ? { keys: keys.filter((key) => key !== null) } : null;
}

/** Returns the first key that a map must have, or null for other values. */
function neededKey(option: z.ZodMiniType): string | null {
  const { type, shape = {} } = option._zod.def as ObjectDefinition;
  if (type !== "object") return null;
  return Object.keys(shape).find((key) => shape[key]?._zod.optin !== "optional") ?? null;
}
