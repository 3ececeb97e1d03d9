import type { TriggerSettings } from "@nanoagent/models";
import type { EventLog } from "./events/event-log.js";
import { type LoggedEvent, readEventLog } from "./events/read-event-log.js";
import { MAX_UNKNOWN_ACTS, openActsOf } from "./trigger-board.js";
import type { UnknownAct } from "./triggers.js";

/**
 * Returns the acts of the log that may or may not have happened, newest first: at most 100. Those of removed triggers are
 * among them, and those of triggers that are not enabled, which nothing decides about for now.
 */
export async function readUnknownActs(
  folder: string,
  log: EventLog,
  settings: readonly TriggerSettings[],
): Promise<readonly UnknownAct[]> {
  const off = new Set(settings.filter(({ enabled }) => enabled === false).map(({ name }) => name));
  const waiting = log.openEvents.filter(({ trigger }) => off.has(trigger)).flatMap(openActsOf);
  // Most logs have no others, and a start should not read all of them.
  if (log.unknownEvents === 0) return waiting.reverse().slice(0, MAX_UNKNOWN_ACTS);
  const found: UnknownAct[] = [];
  for await (const logged of readEventLog(folder)) {
    if (logged.outcome !== "unknown") continue;
    found.push(...unknownActsOf(logged));
    if (found.length > MAX_UNKNOWN_ACTS) found.splice(0, found.length - MAX_UNKNOWN_ACTS);
  }
  return [...found, ...waiting].reverse().slice(0, MAX_UNKNOWN_ACTS);
}

function unknownActsOf({ event, acts, ended_at }: LoggedEvent): UnknownAct[] {
  const at = new Date(ended_at ?? event.at).toISOString();
  return acts
    .filter(({ is_uncertain }) => is_uncertain)
    .map(({ key, tool }) => ({ trigger: event.trigger, event: event.id, key, tool, at }));
}
