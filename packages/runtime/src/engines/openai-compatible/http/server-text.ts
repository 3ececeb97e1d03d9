/** Enough to show the problem. Servers may send much more. */
const MAX_SHOWN_CHARACTERS = 300;
/** Shorter keys are placeholders such as `x`, and masking them would only garble the text. */
const MIN_KEY_CHARACTERS = 4;

/**
 * Returns server text that is safe to show: one line of at most 300 characters, without control or direction
 * characters, and with asterisks in place of the key.
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
