import type { TriggerSettings } from "@nanoagent/models";
import type { Tool } from "@nanoagent/runtime";
import type { OpenAct, OpenEvent } from "../events/open-event.js";

/** Outcomes after which nobody knows whether the tool acted. */
export const uncertainOutcomes: readonly string[] = ["timed-out", "aborted"];

/** Returns the acts of an event that began and whose result is not known. */
export function uncertainActs(event: OpenEvent): OpenAct[] {
  return event.acts.filter(
    ({ started, ended }) => started.tool !== null && (ended === null || uncertainOutcomes.includes(ended.outcome)),
  );
}

/**
 * Decides about an act whose result is not known. A tool that reads, or that says it is idempotent, is run again under
 * the same key. Any other follows `on_unknown`.
 */
export function decideUnknown(
  tool: Pick<Tool, "changesWorld" | "idempotent"> | undefined,
  onUnknown: TriggerSettings["on_unknown"],
): "again" | "skip" | "ask" {
  if (tool === undefined) return "skip";
  if (!tool.changesWorld || tool.idempotent === true) return "again";
  if (onUnknown === "retry") return "again";
  return onUnknown ?? "skip";
}

/** Says in one sentence why nobody knows whether an act happened. */
export function describeUnknown({ started, ended }: OpenAct): string {
  const why = ended === null ? "was under way when the program ended" : "did not end in time";
  return `The tool ${started.tool} ${why}, and may or may not have acted.`;
}
