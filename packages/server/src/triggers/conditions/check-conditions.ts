import { isClockSet, parseDuration, type TriggerCondition } from "@nanoagent/models";
import type { NewEvent } from "../trigger-event.js";
import { compareValue, hasComparison, readNumber } from "./compare-value.js";
import { type ConditionMemory, type ConditionState, readState } from "./condition-state.js";
import { isQuiet } from "./quiet-hours.js";
import { addToWindow, currentWindow, hasPlace } from "./rate-window.js";
import { valueAt } from "./value-by-path.js";

/** Path that is compared when a condition names none. */
const DEFAULT_VALUE = "payload";
/** Share of a number by which two differences may differ and count as equal: 20.4 - 20.1 is less than 0.3. */
const ROUNDING = 1e-9;

/** Result of a test. */
export interface ConditionCheck {
  /**
   * `waits`: everything that is compared holds, but not long enough. A later event of the trigger with the same topic takes
   * its place, or ends the waiting. Without one, the conditions are tested again at `until` ({@link checkAfterWait}).
   */
  readonly verdict: "met" | "not-met" | "waits";
  /** One sentence for people. */
  readonly reason: string;
  /** For `waits`, in milliseconds since 1970. It may be past for an event that was in the queue for long. */
  readonly until?: number;
  /** State for the next event of the trigger with this topic. JSON. */
  readonly state: ConditionState;
}

/** The parts of an event that conditions can see. */
export type TestedEvent = Pick<NewEvent, "at" | "payload" | "topic">;

/**
 * Tests an event. All conditions must hold. Pure: `state` is that of the last test for the same trigger and topic, and null
 * at first.
 *
 * A condition with `hysteresis` or `for` is met once, and again after it has ceased to hold. An event that another condition
 * stops, such as quiet hours or a limit of the rate, does not use that up.
 */
export function checkConditions(
  conditions: readonly TriggerCondition[],
  event: TestedEvent,
  state: unknown,
  now: number,
): ConditionCheck {
  return check(conditions, event, state, now, false);
}

/** Tests a waiting event whose time has come: `for` has passed, and the rest is tested again. */
export function checkAfterWait(
  conditions: readonly TriggerCondition[],
  event: TestedEvent,
  state: unknown,
  now: number,
): ConditionCheck {
  return check(conditions, event, state, now, true);
}

/** One condition and an event. */
interface Test {
  readonly memory: ConditionMemory;
  /** Memory if the event is met as a whole. */
  readonly ifMet: ConditionMemory;
  readonly reason: string;
  readonly holds: boolean;
  /** Time until which it must go on to hold, or null. */
  readonly until: number | null;
}

function check(
  conditions: readonly TriggerCondition[],
  event: TestedEvent,
  stored: unknown,
  now: number,
  hasWaited: boolean,
): ConditionCheck {
  const state = readState(conditions, stored);
  const tests = conditions.map((condition, index) =>
    compare(condition, event, state.memories[index] as ConditionMemory, now, hasWaited),
  );
  const after = { of: state.of, memories: tests.map(({ memory }) => memory) };
  const broken = tests.find(({ holds }) => !holds);
  if (broken !== undefined) return { verdict: "not-met", reason: sentence([broken.reason]), state: after };

  const reasons = tests.map(({ reason }) => reason);
  const until = Math.max(...tests.map((test) => test.until ?? Number.NEGATIVE_INFINITY));
  if (until > Number.NEGATIVE_INFINITY) return { verdict: "waits", reason: sentence(reasons), until, state: after };

  const stop = conditions
    .map((condition, index) => findStop(condition, tests[index] as Test, now))
    .find((reason) => reason !== null);
  if (stop !== undefined) return { verdict: "not-met", reason: sentence([stop]), state: after };
  return {
    verdict: "met",
    reason: sentence(reasons),
    state: { of: state.of, memories: tests.map((test) => test.ifMet) },
  };
}

/** Tests everything of a condition that depends on the event, and not on the time at which it would be met. */
function compare(
  condition: TriggerCondition,
  event: TestedEvent,
  before: ConditionMemory,
  now: number,
  hasWaited: boolean,
): Test {
  const name = condition.value ?? DEFAULT_VALUE;
  const value = valueAt(event, name);
  const isCompared = hasComparison(condition);
  const needsValue = isCompared || condition.change_by !== undefined || condition.value !== undefined;
  const { holds, isReleased, reason } = needsValue
    ? compareValue(condition, name, value)
    : { holds: true, isReleased: false, reason: "" };
  const memory = {
    ...before,
    fired: before.fired && !isReleased,
    since: isCompared && holds ? beginOf(before.since, event.at) : null,
    window: condition.rate_limit === undefined ? [] : currentWindow(before.window, condition.rate_limit, now),
  };
  const isOnce = isCompared && (condition.hysteresis !== undefined || condition.for !== undefined);
  const number = readNumber(value);
  const ifMet = {
    ...memory,
    fired: isOnce,
    value: condition.change_by === undefined ? null : number,
    window: condition.rate_limit === undefined ? [] : addToWindow(memory.window, condition.rate_limit, now),
  };
  const stopped = (words: string): Test => ({ memory, ifMet, reason: words, holds: false, until: null });

  if (!holds) return stopped(reason);
  if (memory.fired) return stopped(`${reason}, as when it counted last`);
  if (condition.change_by !== undefined) {
    if (number === null) return stopped(`${reason}, which is not a number`);
    if (memory.value !== null && isLess(Math.abs(number - memory.value), condition.change_by)) {
      return stopped(`${reason}, which differs from ${memory.value} by less than ${condition.change_by}`);
    }
  }
  const lasting =
    condition.for === undefined || hasWaited ? null : (memory.since ?? event.at) + durationOf(condition.for);
  if (lasting === null || lasting <= event.at) return { memory, ifMet, reason, holds: true, until: null };
  return { memory, ifMet, reason: `${reason} and must stay so for ${condition.for}`, holds: true, until: lasting };
}

/** Returns the reason for which an event whose comparisons hold is stopped now, or null. */
function findStop(condition: TriggerCondition, { memory }: Test, now: number): string | null {
  const { quiet_hours, rate_limit } = condition;
  if (quiet_hours !== undefined) {
    try {
      if (isQuiet(quiet_hours, now)) return `These are quiet hours, from ${quiet_hours.from} to ${quiet_hours.to}`;
    } catch {
      return `The quiet hours have a time zone that this system does not know: ${quiet_hours.time_zone}`;
    }
  }
  if (rate_limit !== undefined && !hasPlace(memory.window, rate_limit, now)) {
    return `The limit of ${rate_limit.max} per ${rate_limit.per} is reached`;
  }
  return null;
}

/** Begin of the time for which a condition has held. Begins anew after a clock went back or was set. */
function beginOf(since: number | null, at: number): number {
  const isUsable = since !== null && since <= at && (isClockSet(since) || !isClockSet(at));
  return isUsable ? since : at;
}

function isLess(difference: number, limit: number): boolean {
  return difference < limit * (1 - ROUNDING);
}

function durationOf(text: string): number {
  return parseDuration(text) ?? 0;
}

function sentence(reasons: readonly string[]): string {
  const text = reasons.filter((reason) => reason !== "").join("; ");
  return text === "" ? "Every event counts." : `${text}.`;
}
