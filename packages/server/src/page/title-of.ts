import { cutText } from "@nanoagent/models";

/** Longest title. A line of a phone has about half of it. */
const MAX_CHARACTERS = 60;
/** Characters of a message that are looked at. */
const READ_CHARACTERS = 1000;

/** Returns the title of a conversation: the beginning of its first message, as one line. */
export function titleOf(message: string): string {
  const line = cutText(message, READ_CHARACTERS)
    .replaceAll(/[\p{C}\s]+/gu, " ")
    .trim();
  if (line.length <= MAX_CHARACTERS) return line || "…";
  return `${cutText(line, MAX_CHARACTERS).trimEnd()}…`;
}
