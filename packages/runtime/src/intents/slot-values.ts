import type { ListedValue, SlotSettings, SlotValue } from "@nanoagent/models";
import { cutText } from "@nanoagent/models";
import type { Folding } from "../fold-case.js";
import { splitWords } from "../split-words.js";
import type { IntentIssue } from "./invalid-intents-error.js";

/** Matcher of a slot's values in one language. */
export type SlotMatcher =
  | { kind: "list"; values: ReadonlyMap<string, SlotValue>; longest: number }
  | { kind: "number"; from: number; to: number; step: number }
  | { kind: "text" };

/** Most words of a value. No name of a thing is longer. */
const MAX_VALUE_WORDS = 16;
/** Most values of a slot, far more than a config file can hold. */
const MAX_VALUES = 100_000;

/**
 * Returns the matcher of a slot for sentences of `language`, where null means every language. Adds the slot's issues to
 * `issues`, with paths below `path`.
 */
export function compileSlot(
  settings: SlotSettings,
  language: string | null,
  folding: Folding,
  path: IntentIssue["path"],
  issues: IntentIssue[],
): SlotMatcher {
  if (settings === "text") return { kind: "text" };
  if (Array.isArray(settings)) return compileList(settings, language, folding, path, issues);
  const { from, to, step = 1 } = settings;
  if (!(step > 0)) issues.push({ path, column: null, message: "step must be above 0" });
  if (!(from <= to)) issues.push({ path, column: null, message: "from must not be greater than to" });
  return { kind: "number", from, to, step };
}

function compileList(
  listed: readonly ListedValue[],
  language: string | null,
  folding: Folding,
  path: IntentIssue["path"],
  issues: IntentIssue[],
): SlotMatcher {
  const values = new Map<string, SlotValue>();
  let longest = 0;
  for (const [index, item] of listed.entries()) {
    const value = typeof item === "object" ? item.value : item;
    for (const said of saidFor(item, language)) {
      const words = splitWords(said, folding);
      const key = words.map(({ text }) => text).join(" ");
      const known = values.get(key);
      const message =
        words.length === 0
          ? `"${cutText(said, 50)}" has no words`
          : words.length > MAX_VALUE_WORDS
            ? `a value has at most ${MAX_VALUE_WORDS} words`
            : known !== undefined && known !== value
              ? `"${cutText(said, 50)}" stands for both ${JSON.stringify(known)} and ${JSON.stringify(value)}`
              : values.size >= MAX_VALUES
                ? `a slot has at most ${MAX_VALUES} values`
                : null;
      if (message !== null) issues.push({ path: [...path, index], column: null, message });
      else values.set(key, value);
      longest = Math.max(longest, words.length);
    }
  }
  return { kind: "list", values, longest: Math.min(longest, MAX_VALUE_WORDS) };
}

/** Returns the word for a value in one language, for answers: its first name in that language, or the value itself. */
export function spokenValue(settings: SlotSettings | undefined, value: SlotValue, language: string | null): SlotValue {
  if (!Array.isArray(settings)) return value;
  const item = settings.find((listed) => (typeof listed === "object" ? listed.value : listed) === value);
  return item === undefined ? value : (saidFor(item, language)[0] ?? value);
}

/** Returns the names of a value, which is the value itself in a language without names for it. */
function saidFor(item: ListedValue, language: string | null): readonly string[] {
  if (typeof item !== "object") return [String(item)];
  if (Array.isArray(item.say)) return item.say;
  if (language === null) return Object.values(item.say).flat();
  return Object.hasOwn(item.say, language) ? (item.say[language] ?? []) : [String(item.value)];
}

/** Whether a value is in a range. Decimals such as 0.1 are inexact, so an error of a billionth of a step is allowed. */
export function isInRange(value: number, { from, to, step }: { from: number; to: number; step: number }): boolean {
  if (value < from || value > to) return false;
  const steps = (value - from) / step;
  return Math.abs(steps - Math.round(steps)) < 1e-9 * Math.max(1, Math.abs(steps));
}
