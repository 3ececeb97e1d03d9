import { cutText } from "@nanoagent/models";
import type { PermissionRequest } from "@nanoagent/runtime";
import type { MessageInput } from "../input/message-input.js";
import { visibleCommand, visibleJson, visibleText } from "../output/visible-text.js";

/** Answer to the question whether a tool may run: not now, this time, or for the rest of the conversation. */
export type PermissionAnswer = "no" | "yes" | "always";

/** About one screen. A longer question is shown in pages, all of them before it can be answered. */
const PAGE_CHARACTERS = 1600;

const QUESTION = "Run it? y = yes, a = always in this conversation [y/N] ";
const QUESTION_OF_A_CLIENT = "Run it? y = yes [y/N] ";

/**
 * Asks whether a tool may run, and shows all that would run. The answer defaults to no: where nobody can be asked, and
 * until everything was shown. `offersAlways`: whether an answer may count for the conversation. Default: true.
 */
export async function askPermission(
  request: PermissionRequest,
  input: MessageInput | null,
  signal: AbortSignal,
  { offersAlways = true } = {},
): Promise<PermissionAnswer> {
  if (input?.ask === undefined) return "no";
  const question = offersAlways ? QUESTION : QUESTION_OF_A_CLIENT;
  const about = `${describeCall(request)}${describeRun(request)}`;
  const isShort = about.length + question.length <= PAGE_CHARACTERS;
  if (!isShort && !(await showPages(about, input, signal))) return "no";
  const answer = await input.ask(isShort ? question : `All was shown. ${question}`, isShort ? about : "");
  if (signal.aborted || answer === null) return "no";
  if (/^\s*y(?:es)?\s*$/i.test(answer)) return "yes";
  return offersAlways && /^\s*a(?:lways)?\s*$/i.test(answer) ? "always" : "no";
}

/** Shows a text page by page. Returns false when it was not shown to its end. */
async function showPages(text: string, input: MessageInput, signal: AbortSignal): Promise<boolean> {
  const pages = pagesOf(text);
  const last = pages.pop() ?? "";
  let showsAll = false;
  for (const [index, shown] of pages.entries()) {
    if (showsAll) {
      input.tell?.(shown);
      continue;
    }
    const keys = "Enter = next page, a = all pages, n = refuse";
    const answer = (await input.ask?.(`(page ${index + 1} of ${pages.length + 1}: ${keys}) `, `${shown}\n`)) ?? null;
    if (answer === null || signal.aborted || /^\s*no?\s*$/i.test(answer)) return false;
    showsAll = /^\s*a(?:ll)?\s*$/i.test(answer);
  }
  input.tell?.(`${last}\n`);
  return true;
}

/** Splits a text into pages, never within a character. */
function pagesOf(text: string): string[] {
  const pages: string[] = [];
  for (let at = 0; at < text.length; at += pages.at(-1)?.length ?? 0) {
    pages.push(cutText(text.slice(at, at + PAGE_CHARACTERS), PAGE_CHARACTERS));
  }
  return pages;
}

/** The tool and its arguments, one a line. */
function describeCall(request: PermissionRequest): string {
  const lines = argumentLines(request.arguments);
  return `Run ${visibleText(request.tool)} with${lines.length === 0 ? " no arguments" : `\n${lines.join("\n")}`}\n`;
}

/** Arguments of a call as lines, `  zone = "north"`, with every character visible. */
export function argumentLines(value: unknown): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`  ${visibleJson(value)}`];
  return Object.entries(value).map(([name, item]) => `  ${visibleName(name)} = ${visibleJson(item)}`);
}

/** A name that is more than a plain word stands in quotes, so that it cannot pass for another line. */
function visibleName(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : visibleJson(name);
}

/** Describes the command or the server that would run, one part a line; empty for a function of the program. */
export function describeRun({ will_run: run }: Pick<PermissionRequest, "will_run">): string {
  const lines: [label: string, value: string][] = [];
  if (run.kind === "command") {
    lines.push(["Command", visibleCommand(run.command)], ["Folder", visibleText(run.working_directory)]);
    const variables = Object.entries(run.environment).map(([name, value]) => `${name}=${value}`);
    if (variables.length > 0) lines.push(["Environment", visibleCommand(variables)]);
  } else if (run.kind === "mcp") {
    lines.push(["Server", visibleText(run.server)], ["Its tool", visibleText(run.tool)]);
    if (run.url !== undefined) lines.push(["Address", visibleText(run.url)]);
    if (run.command !== undefined) lines.push(["Command", visibleCommand(run.command)]);
  }
  return lines.map(([label, value]) => `${`${label}:`.padEnd(13)}${value}\n`).join("");
}
