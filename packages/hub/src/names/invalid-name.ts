import { HubError } from "../hub-error.js";

/** Most characters of a text that are repeated in a message. */
const SHOWN_CHARACTERS = 80;

/** Names that a hint shows, one for each source. */
const FORMS = "org/repo, org/repo:Q4_K_M, ollama:name:tag, or https://example.org/model.gguf";

/** Returns the error for a text that is not a model's name. */
export function invalidName(text: string, reason: string, hint = `Write a model as ${FORMS}.`): HubError {
  return new HubError({
    code: "invalid-model-name",
    message: `${shownName(text)} is not the name of a model.`,
    reason,
    hint,
  });
}

/** Quotes a text for a message, on one line, without the credentials and the query of an address. */
export function shownName(text: string): string {
  const secretless = text
    // The last "@" ends credentials, even where they contain a slash.
    .replace(/^.*@/s, "…@")
    .replace(/[?#].*$/s, "");
  const short = secretless.length > SHOWN_CHARACTERS ? `${secretless.slice(0, SHOWN_CHARACTERS)}…` : secretless;
  return JSON.stringify(short.replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, "�"));
}
