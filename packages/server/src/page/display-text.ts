import { cutText } from "@nanoagent/models";
import type { WillRun } from "@nanoagent/runtime";

/** Most characters of a call's arguments that are shown. Longer ones say that they are not complete. */
const MAX_JSON_CHARACTERS = 100_000;

/** Control and format characters, and marks that change the direction of text, except for line feed and tab. */
const hiddenCharacters = /(?![\n\t ])[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Writes invisible characters as JSON does, so that a text cannot look like another one. */
export function visibleText(text: string): string {
  return text.replace(hiddenCharacters, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}

/** Returns a value as JSON of several lines with only visible characters. */
export function shownJson(value: unknown): string {
  const text = visibleText(JSON.stringify(value ?? {}, null, 2) ?? "{}");
  if (text.length <= MAX_JSON_CHARACTERS) return text;
  const shown = cutText(text, MAX_JSON_CHARACTERS);
  return `${shown}\n… ${text.length - shown.length} more characters, which are not shown`;
}

/** Describes everything that a call runs, one part a line. */
export function describeRun(run: WillRun): string {
  if (run.kind === "function") return "A function of the program that serves the agent.";
  const lines: string[] = [];
  if (run.kind === "command") {
    lines.push(`Command: ${visibleCommand(run.command)}`, `Folder: ${visibleText(run.working_directory)}`);
    const variables = Object.entries(run.environment).map(([name, value]) => `${name}=${value}`);
    if (variables.length > 0) lines.push(`Environment: ${visibleCommand(variables)}`);
  } else {
    lines.push(`Server: ${visibleText(run.server)}`, `Its tool: ${visibleText(run.tool)}`);
    if (run.url !== undefined) lines.push(`Address: ${visibleText(run.url)}`);
    if (run.command !== undefined) lines.push(`Command: ${visibleCommand(run.command)}`);
  }
  return lines.join("\n");
}

/** Arguments that are not plain words are quoted as in JSON. */
function visibleCommand(command: readonly string[]): string {
  return command.map((part) => (/^[\w@%+=:,./-]+$/.test(part) ? part : visibleText(JSON.stringify(part)))).join(" ");
}
