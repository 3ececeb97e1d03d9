/** Controls, format and direction marks, private and unassigned characters, all spaces but the usual one, and fillers. */
const hiddenCharacters = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/**
 * Writes out every character that cannot be seen, or that looks like a space and is none, as JSON does: `\u200b`. For texts
 * that somebody is to agree to. A text within quotes whose backslashes are doubled stays unmistakable.
 */
export function visibleText(text: string): string {
  return text.replace(hiddenCharacters, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}

/** The JSON of a value, all of it visible. */
export function visibleJson(value: unknown): string {
  return visibleText(JSON.stringify(value) ?? "null");
}

/** A command line, all of it visible: what is more than a plain word stands in quotes, as in JSON. */
export function visibleCommand(command: readonly string[]): string {
  return command.map((part) => (/^[\w@%+=:,./-]+$/.test(part) ? part : visibleJson(part))).join(" ");
}
