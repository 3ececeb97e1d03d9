import type { TriggerSettings } from "@nanoagent/models";
import { uncertainOutcomes } from "./acts/unknown-acts.js";
import type { EventLog } from "./events/event-log.js";
import { type LoggedEvent, readEventLog } from "./events/read-event-log.js";
import { MAX_UNKNOWN_ACTS } from "./trigger-board.js";
import type { UnknownAct } from "./triggers.js";

/** Returns the acts of the log that may or may not have happened, newest first: at most 100. */
export async function readUnknownActs(
  folder: string,
  log: EventLog,
  settings: readonly TriggerSettings[],
): Promise<readonly UnknownAct[]> {
  // Most logs have none, and a start should not read all of them.
  if (settings.every(({ name }) => log.countsOf(name).unknown === 0)) return [];
  const found: UnknownAct[] = [];
  for await (const logged of readEventLog(folder)) {
    if (logged.outcome !== "unknown") continue;
    found.push(...unknownActsOf(logged));
    if (found.length > MAX_UNKNOWN_ACTS) found.splice(0, found.length - MAX_UNKNOWN_ACTS);
  }
  return found.reverse();
}

function unknownActsOf({ event, acts, ended_at }: LoggedEvent): UnknownAct[] {
  const at = new Date(ended_at ?? event.at).toISOString();
  return acts
    .filter(({ tool, outcome }) => tool !== null && (outcome === null || uncertainOutcomes.includes(outcome)))
    .map(({ key, tool }) => ({ trigger: event.trigger, event: event.id, key, tool, at }));
}
