import { uncertainFailures } from "@nanoagent/runtime";

/**
 * Whether the call of a tool began and nobody knows whether it acted. A sentence or a message as a whole does nothing by
 * itself, and a tool that only reads may always run again.
 */
export function isUncertain({
  tool,
  changes_world,
  outcome,
}: {
  readonly tool: string | null;
  readonly changes_world?: boolean | undefined;
  /** Null without a result. */
  readonly outcome: string | null;
}): boolean {
  return tool !== null && changes_world !== false && (outcome === null || uncertainFailures.includes(outcome));
}
