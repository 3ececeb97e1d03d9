/** Control, format, private and unassigned characters, direction marks, fillers, and all spaces except U+0020. */
const hiddenCharacters = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/**
 * Escapes characters that are invisible or look like a space, as JSON does: `\u200b`. For texts that a user must
 * approve. In a quoted text with escaped backslashes, the result is unambiguous.
 */
export function visibleText(text: string): string {
  return text.replace(hiddenCharacters, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}

/** Returns a value as JSON with only visible characters. */
export function visibleJson(value: unknown): string {
  return visibleText(JSON.stringify(value) ?? "null");
}

/** Returns a command line with only visible characters. Arguments that are not plain words are quoted as in JSON. */
export function visibleCommand(command: readonly string[]): string {
  return command.map((part) => (/^[\w@%+=:,./-]+$/.test(part) ? part : visibleJson(part))).join(" ");
}
