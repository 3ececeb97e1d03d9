import { terminalControls } from "@nanoagent/runtime/program";

/** Makes a text from anywhere safe for a terminal: controls are written out as `\u001b`, as JSON writes them. */
export function plainText(text: string): string {
  return text.replace(terminalControls, writeOut);
}

/** The same for a text that must stay one line, such as a name. */
export function plainLine(text: string): string {
  return plainText(text).replace(/[\n\t]/g, writeOut);
}

function writeOut(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
