import { type ComparedValue, cutText, type TriggerCondition } from "@nanoagent/models";

/** Most characters of a value in a reason. */
const MAX_SHOWN = 60;
const NUMBER = /^\s*[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,3})?\s*$/;

/** The comparisons of a condition with a limit, which `hysteresis` needs. */
export type LimitKey = "above" | "below" | "at_least" | "at_most";

/** Whether the comparisons of a condition hold. */
export interface Comparison {
  readonly holds: boolean;
  /** Whether the value went back beyond a limit by `hysteresis`, so that the condition can be met again. */
  readonly isReleased: boolean;
  /** One part of a sentence, such as `payload.percent is 35, not below 30`. */
  readonly reason: string;
}

const limits: Readonly<Record<LimitKey, { words: string; holds: (value: number, limit: number) => boolean }>> = {
  above: { words: "above", holds: (value, limit) => value > limit },
  below: { words: "below", holds: (value, limit) => value < limit },
  at_least: { words: "at least", holds: (value, limit) => value >= limit },
  at_most: { words: "at most", holds: (value, limit) => value <= limit },
};
/** Direction in which a value leaves the limit. */
const away: Readonly<Record<LimitKey, 1 | -1>> = { above: -1, below: 1, at_least: -1, at_most: 1 };

/** Whether a condition compares a value with something else than the value that counted last. */
export function hasComparison(condition: TriggerCondition): boolean {
  const { equals, not_equals, one_of } = condition;
  return equals !== undefined || not_equals !== undefined || one_of !== undefined || limitKeys(condition).length > 0;
}

/** Returns the limits that a condition has. */
export function limitKeys(condition: TriggerCondition): LimitKey[] {
  return (Object.keys(limits) as LimitKey[]).filter((key) => condition[key] !== undefined);
}

/** Compares a value as a condition says. A missing value (undefined) never holds, and releases nothing. */
export function compareValue(condition: TriggerCondition, name: string, value: unknown): Comparison {
  if (value === undefined) return { holds: false, isReleased: false, reason: `${name} is missing` };
  const shown = show(value);
  const { equals, not_equals, one_of } = condition;
  const tests: { holds: boolean; words: string }[] = [];
  if (equals !== undefined) tests.push({ holds: value === equals, words: `equal to ${show(equals)}` });
  if (not_equals !== undefined)
    tests.push({ holds: value !== not_equals, words: `different from ${show(not_equals)}` });
  if (one_of !== undefined) {
    const values = cutText(one_of.map(show).join(", "), 2 * MAX_SHOWN);
    tests.push({ holds: one_of.includes(value as ComparedValue), words: `one of ${values}` });
  }
  const keys = limitKeys(condition);
  const number = readNumber(value);
  if (keys.length > 0 && number === null) {
    return { holds: false, isReleased: false, reason: `${name} is ${shown}, which is not a number` };
  }
  const limitTests = keys.map((key) => {
    const limit = condition[key] ?? Number.NaN;
    return { holds: limits[key].holds(number ?? Number.NaN, limit), words: `${limits[key].words} ${limit}` };
  });
  const all = [...tests, ...limitTests];
  const broken = all.find(({ holds }) => !holds);
  const isReleased =
    condition.hysteresis === undefined
      ? broken !== undefined
      : tests.some(({ holds }) => !holds) || keys.some((key) => isBeyond(key, number ?? Number.NaN, condition));
  const words = all.length === 0 ? "" : `, ${all.map((test) => test.words).join(" and ")}`;
  return {
    holds: broken === undefined,
    isReleased,
    reason: `${name} is ${shown}${broken === undefined ? words : `, not ${broken.words}`}`,
  };
}

/** Returns a number, also of a text that is one. */
export function readNumber(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string" || !NUMBER.test(value)) return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** A value as JSON, cut. */
function show(value: unknown): string {
  return cutText(JSON.stringify(value) ?? "nothing", MAX_SHOWN);
}

function isBeyond(key: LimitKey, value: number, condition: TriggerCondition): boolean {
  const limit = condition[key] ?? Number.NaN;
  const edge = limit + away[key] * (condition.hysteresis ?? 0);
  const isAtEdge = Math.abs(value - edge) <= 1e-9 * Math.max(1, Math.abs(edge));
  // Without a distance, the limit itself decides. With one, going back exactly that far is enough.
  if (condition.hysteresis === 0) return !limits[key].holds(value, limit);
  return isAtEdge || away[key] * (value - edge) > 0;
}
