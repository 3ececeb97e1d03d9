import type { Schema } from "@nanoagent/models";

/** Returns the issues of a value, as lines: `device.memory_mb (missing): missing: expected …`. */
export function issuesOf(schema: Schema<unknown>, value: unknown): string[] {
  const result = schema.safeParse(value);
  return result.success
    ? []
    : result.issues.map(({ path, kind, message }) => `${path.join(".")} (${kind}): ${message}`);
}
