import { parseDuration, type TriggerSettings } from "@nanoagent/models";
import { valueAt } from "./conditions/value-by-path.js";
import type { AddRule } from "./events/add-rule.js";
import type { NewEvent } from "./trigger-event.js";

const DEFAULT_MAX_EVENTS = 1000;
const DEFAULT_DEDUPE = { by: "payload.id", window: "10m" };
const DEFAULT_WINDOW = "10m";
export const DEFAULT_MAX_AGE = "1d";

/** Returns how an event gets into the queue of its trigger. */
export function queueRule({ queue = {}, dedupe = DEFAULT_DEDUPE }: TriggerSettings, event: NewEvent): AddRule {
  const { max_events = DEFAULT_MAX_EVENTS, when_full = "refuse" } = queue;
  return {
    maxEvents: max_events,
    whenFull: when_full,
    repeats: dedupe === "off" ? null : repeatsOf(dedupe, event),
  };
}

/** Longest time that an event may wait, in milliseconds. */
export function maxAgeOf({ queue }: TriggerSettings): number {
  return parseDuration(queue?.max_age ?? DEFAULT_MAX_AGE) ?? Number.POSITIVE_INFINITY;
}

/**
 * Only an id of its sender shows that an event is the same: equal readings are two events. The topic is a part of it,
 * because each sensor may count its own messages.
 */
function repeatsOf({ by, window = DEFAULT_WINDOW }: { by: string; window?: string | undefined }, event: NewEvent) {
  const value = valueAt(event, by);
  if (value === undefined || value === null) return null;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return { value: `${event.topic ?? ""}\n${text}`, windowMilliseconds: parseDuration(window) ?? 0 };
}
