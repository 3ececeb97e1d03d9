import { nearestName, parseDuration, type TriggerSettings, type TriggerSource } from "@nanoagent/models";
import type { CheckedPart, ConfigPath } from "./check-report.js";

/** Comparisons that only numbers satisfy. */
const limits = ["above", "below", "at_least", "at_most", "change_by"] as const;

/** Placeholder of a value in the payload. */
const payloadPath = /\{payload\.([A-Za-z0-9_-]+)(?:\.[^{}]*)?\}/g;

/**
 * Checks durations that are too long, alone or for one another, and values that the events of a source do not have.
 * `maxAge` is that of a queue whose settings give none.
 */
export function checkTriggerValues(
  part: CheckedPart,
  path: ConfigPath,
  trigger: TriggerSettings,
  maxAge: string,
): void {
  checkDurations(part, path, trigger);
  checkWaits(part, path, trigger, maxAge);
  checkJitter(part, [...path, "when", "jitter"], trigger.when);
  const keys = payloadKeys(trigger.when);
  if (keys === null) return;
  const report = (at: ConfigPath, key: string) => {
    if (keys.includes(key)) return;
    const nearest = nearestName(key, keys);
    part.warn([...path, ...at], {
      code: "value-unknown",
      message: `The events of "${trigger.name}" have no payload.${key}, unless they are made by hand.`,
      hint: nearest === null ? `They have ${keys.join(", ")}.` : `Did you mean payload.${nearest}?`,
    });
  };
  const { if: conditions = [], do: act, then = [] } = trigger;
  for (const [index, condition] of [conditions].flat().entries()) {
    const { value = "payload" } = condition;
    const [root, key] = value.split(".");
    const place = ["if", ...at(conditions, index)];
    if (root === "payload" && key !== undefined) report([...place, "value"], key);
    const [limit] = limits.filter((name) => condition[name] !== undefined);
    if (value !== "payload" || limit === undefined) continue;
    part.warn([...path, ...place, limit], {
      code: "value-unknown",
      message: `The payload of "${trigger.name}" is not a number, so ${limit} never holds.`,
      hint: `Test one of its values: ${keys.map((name) => `payload.${name}`).join(", ")}.`,
    });
  }
  for (const [place, key] of placeholdersIn(act)) report(["do", ...place], key);
  for (const [index, answer] of [then].flat().entries()) {
    for (const [place, key] of placeholdersIn(answer)) report(["then", ...at(then, index), ...place], key);
  }
}

function at(value: unknown, index: number): ConfigPath {
  return Array.isArray(value) ? [index] : [];
}

/** Returns the keys of a source's payloads, or null where its sender chooses them. */
function payloadKeys(when: TriggerSource): readonly string[] | null {
  if ("schedule" in when || "every" in when) return ["scheduled_at", "missed"];
  if ("gpio" in when) return ["line", "edge", "level"];
  return "file" in when ? ["path", "name", "size_bytes", "modified_at", "content"] : null;
}

/** Returns the keys of the payload that texts name, each with the keys that lead to the text. */
function placeholdersIn(value: unknown): [ConfigPath, string][] {
  if (typeof value === "string") return [...value.matchAll(payloadPath)].map(([, key = ""]) => [[], key]);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) =>
    placeholdersIn(item).map(([place, key]): [ConfigPath, string] => [[nameIn(value, name), ...place], key]),
  );
}

function nameIn(value: object, name: string): string | number {
  return Array.isArray(value) ? Number(name) : name;
}

/** An event that waits for a condition must not expire before. */
function checkWaits(
  part: CheckedPart,
  path: ConfigPath,
  { if: conditions = [], queue }: TriggerSettings,
  maxAge: string,
): void {
  const { max_age: age = maxAge } = queue ?? {};
  const longest = parseDuration(age);
  for (const [index, { for: text }] of [conditions].flat().entries()) {
    const wait = text === undefined ? null : parseDuration(text);
    if (wait === null || longest === null || wait < longest) continue;
    part.error([...path, "if", ...at(conditions, index), "for"], {
      code: "invalid-config",
      message: `An event that waits for ${text} expires before: queue.max_age is ${age}.`,
      hint: "Set a longer queue.max_age for this trigger, or a shorter time.",
    });
  }
}

/** With a longer jitter, a run may come after the one that follows it by the schedule, or at nearly the same time. */
function checkJitter(part: CheckedPart, path: ConfigPath, when: TriggerSource): void {
  if (!("every" in when) || when.jitter === undefined) return;
  const [jitter, interval] = [parseDuration(when.jitter), parseDuration(when.every)];
  if (jitter === null || interval === null || 2 * jitter < interval) return;
  part.warn(path, {
    code: "jitter-long",
    message: `The jitter of ${when.jitter} is at least half of the interval of ${when.every}, so the runs come very unevenly.`,
    hint: "Choose a jitter that is shorter than half of the interval.",
  });
}

function checkDurations(part: CheckedPart, path: ConfigPath, { when, dedupe, queue }: TriggerSettings): void {
  const texts: readonly [ConfigPath, string | undefined][] = [
    [["when", "jitter"], "jitter" in when ? when.jitter : undefined],
    [["when", "gpio", "debounce"], "gpio" in when ? when.gpio.debounce : undefined],
    [["when", "file", "settle"], "file" in when ? when.file.settle : undefined],
    [["dedupe", "window"], typeof dedupe === "object" ? dedupe.window : undefined],
    [["queue", "max_age"], queue?.max_age],
  ];
  for (const [place, text] of texts) {
    if (text === undefined || parseDuration(text) !== null) continue;
    part.error([...path, ...place], {
      code: "invalid-config",
      message: `${text} is too long.`,
      hint: "The longest time is 366d.",
    });
  }
}
