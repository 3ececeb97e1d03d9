import type { TriggerSettings } from "@nanoagent/models";
import type { Tool } from "@nanoagent/runtime";
import type { OpenAct, OpenEvent } from "../events/open-event.js";
import { isUncertain } from "../events/uncertain-act.js";

/** Returns the acts of an event that began and whose result is not known. */
export function uncertainActs(event: Pick<OpenEvent, "acts">): OpenAct[] {
  return event.acts.filter(({ started, ended }) => isUncertain({ ...started, outcome: ended?.outcome ?? null }));
}

/**
 * Returns the acts of an event of which nobody knows at its end whether they happened. An act that failed may have happened
 * in an earlier try.
 */
export function doubtfulActs(event: Pick<OpenEvent, "acts">): Pick<OpenAct, "started" | "ended">[] {
  const uncertain = uncertainActs(event);
  return event.acts.flatMap((act) => {
    if (uncertain.includes(act)) return [act];
    return act.earlier === null || act.ended?.outcome === "done" ? [] : [act.earlier];
  });
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

/** Reasons by the outcome of the act. */
const reasons: Partial<Record<string, string>> = {
  "timed-out": "did not end in time",
  aborted: "was stopped together with the triggers",
  interrupted: "was cut off, because its program or its server ended",
};

/** Says in one sentence why nobody knows whether an act happened. */
export function describeUnknown({ started, ended }: Pick<OpenAct, "started" | "ended">, reason?: string): string {
  const why = ended === null ? "was under way when the program ended" : reasons[ended.outcome];
  return `The tool ${started.tool} ${reason ?? why ?? "gave no result"}, and may or may not have acted.`;
}
