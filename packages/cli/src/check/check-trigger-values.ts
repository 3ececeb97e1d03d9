import { nearestName, parseDuration, type TriggerSettings, type TriggerSource } from "@nanoagent/models";
import type { CheckedPart, ConfigPath } from "./check-report.js";

/** Placeholder of a value in the payload. */
const payloadPath = /\{payload\.([A-Za-z0-9_-]+)(?:\.[^{}]*)?\}/g;

/** Checks durations that are too long, and values that the events of a source do not have. */
export function checkTriggerValues(part: CheckedPart, path: ConfigPath, trigger: TriggerSettings): void {
  checkDurations(part, path, trigger);
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
  for (const [index, { value }] of [conditions].flat().entries()) {
    const [root, key] = value?.split(".") ?? [];
    if (root === "payload" && key !== undefined) report(["if", ...at(conditions, index), "value"], key);
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
