import type * as z from "zod/mini";
import { describeIssues } from "./describe-issues.js";
import { InvalidDataError } from "./invalid-data-error.js";
import type { Schema } from "./schema.js";

const sources = new WeakMap<object, () => z.ZodMiniType>();

/**
 * A {@link Schema} on top of a zod one, which is made with the first check. Its type names plain interfaces only, so zod
 * stays out of the declarations.
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

/** The zod schema behind one of ours: what JSON Schemas are generated from. */
export function sourceOf(schema: Schema<unknown>): z.ZodMiniType {
  const makeSource = sources.get(schema);
  if (makeSource === undefined) throw new TypeError("This schema was not made by defineSchema");
  return makeSource();
}
