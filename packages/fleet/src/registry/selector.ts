import { cutText } from "@nanoagent/models";
import { FleetError } from "../fleet-error.js";
import type { RegisteredAgent } from "./registered-agent.js";

/** Longest selector, in characters. */
const MAX_CHARACTERS = 4096;
/** Most conditions of a selector. */
const MAX_CONDITIONS = 64;
/** Beginning of a key that names a label, whatever the other keys are. */
const LABEL_PREFIX = "label.";

/** A test of agents: all conditions must hold. */
export interface Selector {
  /** As it was written. */
  readonly text: string;
  readonly conditions: readonly SelectorCondition[];
}

/** `KEY=VALUE`. */
export interface SelectorCondition {
  readonly key: string;
  /** Text in which `*` stands for any characters. */
  readonly pattern: string;
}

/** Values of an agent by key. Every other key is the name of a label. */
const facts: Readonly<Record<string, (agent: RegisteredAgent) => string | null>> = {
  id: ({ id }) => id,
  online: ({ online }) => String(online),
  site: ({ card }) => card.site,
  version: ({ card }) => card.versions.nanoagent,
  health: ({ card }) => card.health.status,
  bundle: ({ card }) => card.bundle?.name ?? null,
  sequence: ({ card }) => (card.bundle === null ? null : String(card.bundle.sequence)),
  updates: ({ card: { takes_updates } }) => (takes_updates === null ? null : String(takes_updates)),
  model: ({ card }) => card.model?.name ?? null,
};

/** Values of keys that have only these. Another one would select nothing, silently. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  online: ["true", "false"],
  updates: ["true", "false"],
  health: ["ok", "degraded", "unavailable"],
};

/**
 * Reads a selector: `all`, an ID, or conditions such as `site=berlin`. Conditions are separated by commas, and all must hold.
 *
 * - Keys: `id`, `online` (true or false), `site`, `version` (of nanoagent), `health`, `bundle` (its name), `sequence`,
 *   `updates` (true or false), `model`.
 *   Every other key is a label; `label.KEY` is one, too.
 * - In a value, `*` stands for any characters: `id=kiosk-*`.
 *
 * Throws {@link FleetError} `selector-invalid`.
 */
export function parseSelector(text: string): Selector {
  if (text.length > MAX_CHARACTERS) throw invalid(text, `It has more than ${MAX_CHARACTERS} characters.`);
  const parts = text.split(",").map((part) => part.trim());
  if (parts.length > MAX_CONDITIONS) throw invalid(text, `It has more than ${MAX_CONDITIONS} conditions.`);
  return { text, conditions: parts.flatMap((part) => parseCondition(part, text)) };
}

/** Whether a selector selects an agent. */
export function selects({ conditions }: Selector, agent: RegisteredAgent): boolean {
  return conditions.every(({ key, pattern }) => {
    const value = factOf(key, agent);
    return value !== null && matchesPattern(pattern, value);
  });
}

function parseCondition(part: string, text: string): SelectorCondition[] {
  if (part === "") throw invalid(text, "A condition is empty.");
  const place = part.indexOf("=");
  if (place < 0) return part === "all" ? [] : [{ key: "id", pattern: part }];
  const key = part.slice(0, place).trim();
  const pattern = part.slice(place + 1).trim();
  if (key === "" || key === LABEL_PREFIX) throw invalid(text, `${quote(part)} has no key.`);
  if (pattern === "") throw invalid(text, `${quote(part)} has no value.`);
  const words = Object.hasOwn(WORDS, key) ? WORDS[key] : undefined;
  if (words !== undefined && !words.includes(pattern))
    throw invalid(text, `${key} is ${words.slice(0, -1).join(", ")} or ${words.at(-1)}, found ${quote(pattern)}.`);
  return [{ key, pattern }];
}

function factOf(key: string, agent: RegisteredAgent): string | null {
  if (Object.hasOwn(facts, key)) return facts[key]?.(agent) ?? null;
  const { labels } = agent.card;
  const label = key.startsWith(LABEL_PREFIX) ? key.slice(LABEL_PREFIX.length) : key;
  const found = Object.hasOwn(labels, key) ? key : label;
  return Object.hasOwn(labels, found) ? (labels[found] ?? null) : null;
}

/** Whether a text matches a pattern with `*`. Takes time in proportion to the product of their lengths. */
function matchesPattern(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let place = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, place);
    if (found < 0) return false;
    place = found + part.length;
  }
  return text.length - last.length >= place && text.endsWith(last);
}

function invalid(text: string, reason: string): FleetError {
  return new FleetError({
    code: "selector-invalid",
    message: `The selector ${quote(text)} cannot be used.`,
    reason,
    hint: 'Write all, an ID, or conditions such as "site=berlin,id=kiosk-*".',
  });
}

function quote(text: string): string {
  return JSON.stringify(cutText(text, 100));
}
