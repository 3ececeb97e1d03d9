import type { TriggerCondition } from "@nanoagent/models";
import type { RateWindow } from "./rate-window.js";

/** Facts about one condition that outlive an event. */
export interface ConditionMemory {
  /** Whether it was met and has to cease to hold before it can be met again. */
  readonly fired: boolean;
  /** Time of the first event of those without a break for which its comparisons held, or null. */
  readonly since: number | null;
  /** Value that counted last, for `change_by`. */
  readonly value: number | null;
  readonly window: RateWindow;
}

/** State of all conditions of a trigger for one topic. It is JSON. */
export interface ConditionState {
  /** Hash of the conditions. Others begin anew. */
  readonly of: string;
  readonly memories: readonly ConditionMemory[];
}

const empty: ConditionMemory = { fired: false, since: null, value: null, window: [] };

/** Reads a state that was stored. One of other conditions, or a damaged one, is replaced by that of the beginning. */
export function readState(conditions: readonly TriggerCondition[], state: unknown): ConditionState {
  const of = hash(JSON.stringify(conditions));
  const memories = isRecord(state) && state.of === of && Array.isArray(state.memories) ? state.memories : [];
  return { of, memories: conditions.map((_, index) => readMemory(memories[index])) };
}

/**
 * Returns a state in which everything that lasts began later by this time. For `for`, which does not count the time for
 * which the device was off.
 */
export function shiftWaits(state: unknown, milliseconds: number): unknown {
  if (!isRecord(state) || !Array.isArray(state.memories)) return state;
  const memories = state.memories.map((stored) => {
    const memory = readMemory(stored);
    return memory.since === null ? memory : { ...memory, since: memory.since + milliseconds };
  });
  return { ...state, memories };
}

function readMemory(stored: unknown): ConditionMemory {
  if (!isRecord(stored)) return empty;
  return {
    fired: stored.fired === true,
    since: numberOrNull(stored.since),
    value: numberOrNull(stored.value),
    window: Array.isArray(stored.window) ? stored.window.filter(isEntry) : [],
  };
}

function isEntry(entry: unknown): entry is readonly [number, number] {
  return Array.isArray(entry) && entry.length === 2 && entry.every(Number.isFinite);
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** FNV-1a: short, and the same on every device. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (value >>> 0).toString(16);
}
