import { asSentence } from "@nanoagent/models";

/** Joins texts, some of which come from the system or another program, as sentences. Empty ones are left out. */
export function sentences(texts: readonly (string | null)[]): string {
  return texts
    .filter((text) => text !== null && text !== "")
    .map((text) => asSentence(String(text)))
    .join(" ");
}
