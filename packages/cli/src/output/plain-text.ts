import { terminalControls } from "@nanoagent/runtime/program";

/** Makes untrusted text safe for a terminal: escapes control characters as JSON does, `\u001b`. */
export function plainText(text: string): string {
  return text.replace(terminalControls, writeOut);
}

/** Like {@link plainText}, for text that must stay on one line, such as a name. */
export function plainLine(text: string): string {
  return plainText(text).replace(/[\n\t]/g, writeOut);
}

/** Like {@link plainLine}, for a text of several lines that is shown in one. */
export function inOneLine(text: string): string {
  return plainLine(text.trim().replaceAll(/\s+/g, " "));
}

function writeOut(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
