import { listOf, objectOf, parseJson, textOf } from "../read-json.js";

/** Enough to see what is wrong; a server may answer with a book. */
const MAX_SHOWN_CHARACTERS = 300;
/** A shorter key is a placeholder such as `x`, and taking it out would only spoil the text. */
const MIN_KEY_CHARACTERS = 4;

/**
 * What a server said, fit to be shown: one line of at most 300 characters, no control or direction characters, and
 * asterisks where the key was repeated.
 */
export function showServerText(text: string, apiKey: string | null): string {
  const safe = apiKey !== null && apiKey.length >= MIN_KEY_CHARACTERS ? text.replaceAll(apiKey, "***") : text;
  const line = safe
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/\s+/gu, " ")
    .trim();
  const characters = [...line.slice(0, 2 * MAX_SHOWN_CHARACTERS)];
  if (characters.length <= MAX_SHOWN_CHARACTERS) return characters.join("");
  return `${characters.slice(0, MAX_SHOWN_CHARACTERS).join("")}…`;
}

/**
 * The sentence in the body of an error, of all the shapes that servers use; null where there is none that a person
 * would read, as in a page of HTML.
 */
export function findServerMessage(body: string): string | null {
  const value = parseJson(body);
  if (value === undefined) return body.trim() === "" || body.trimStart().startsWith("<") ? null : body;
  const { error, message, detail } = objectOf(value);
  return (
    textOf(error) ??
    textOf(objectOf(error).message) ??
    textOf(message) ??
    textOf(detail) ??
    textOf(objectOf(listOf(detail)[0]).msg) ??
    textOf(value)
  );
}
