import { cutText } from "@nanoagent/models";

/** Longest text of a card, in characters. Names that people give are far shorter. */
const MAX_TEXT_CHARACTERS = 200;
/** Most tools, capabilities, languages, labels or reasons in a card. */
export const MAX_ENTRIES = 256;

/** Shortens a text of a card. */
export function cardText(text: string): string {
  return cutText(text, MAX_TEXT_CHARACTERS);
}

/** Shortens a list of texts, and drops repeated ones. */
export function cardTexts(texts: Iterable<string>): string[] {
  return [...new Set([...texts].map(cardText))].slice(0, MAX_ENTRIES);
}

/** Shortens labels. */
export function cardLabels(labels: Iterable<readonly [string, string]>): Record<string, string> {
  const entries = [...labels].map(([name, value]) => [cardText(name), cardText(value)] as const);
  return Object.fromEntries(entries.slice(0, MAX_ENTRIES));
}

/** Returns the last segment of a path or an address. */
export function lastSegment(text: string): string {
  return cardText(text.split(/[/\\]/).findLast((segment) => segment !== "") ?? "");
}
