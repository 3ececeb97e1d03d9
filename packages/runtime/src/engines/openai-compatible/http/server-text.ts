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
