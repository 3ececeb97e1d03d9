import type * as z from "zod/mini";
import { describeIssues } from "./describe-issues.js";
import { InvalidDataError } from "./invalid-data-error.js";
import type { Schema } from "./schema.js";

const sources = new WeakMap<object, () => z.ZodMiniType>();

/**
 * Returns a {@link Schema} that is backed by a zod schema, which is created on the first check. Its type names only
 * plain interfaces, so that zod stays out of the declarations.
 */
export function defineSchema<Input, Output>(makeSource: () => z.ZodMiniType<Output, Input>): Schema<Input, Output> {
  const safeParse: Schema<Input, Output>["safeParse"] = (value) => {
    const source = makeSource();
    const result = source.safeParse(value, { reportInput: true });
    const issues = describeIssues(source, value, result.error?.issues ?? []);
    if (result.success && issues.length === 0) return { success: true, value: result.data };
    return { success: false, issues };
  };
  const schema: Schema<Input, Output> = {
    safeParse,
    parse(value) {
      const result = safeParse(value);
      if (result.success) return result.value;
      throw new InvalidDataError(result.issues);
    },
    "~standard": {
      version: 1,
      vendor: "nanoagent",
      validate(value) {
        const result = safeParse(value);
        return result.success ? { value: result.value } : { issues: result.issues };
      },
    },
  };
  sources.set(schema, makeSource);
  return schema;
}

/** Returns the zod schema behind a {@link Schema}. JSON Schemas are generated from it. */
export function sourceOf(schema: Schema<unknown>): z.ZodMiniType {
  const makeSource = sources.get(schema);
  if (makeSource === undefined) throw new TypeError("This schema was not made by defineSchema");
  return makeSource();
}
