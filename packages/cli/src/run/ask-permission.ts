import { cutText } from "@nanoagent/models";
import type { PermissionRequest } from "@nanoagent/runtime";
import { visibleCommand, visibleJson, visibleText } from "../output/visible-text.js";
import type { MessageInput } from "./message-input.js";

/** About a screen. Nobody is asked about a longer question before all of its pages were shown. */
const PAGE_CHARACTERS = 1600;

/** Asks whether a tool may run, with all that would run. Where nobody can be asked, or all was not shown, it may not. */
export async function askPermission(
  request: PermissionRequest,
  input: MessageInput | null,
  signal: AbortSignal,
): Promise<boolean> {
  if (input?.ask === undefined) return false;
  const about = describeRun(request);
  const question = `Run ${visibleText(request.tool)} with ${visibleJson(request.arguments)}`;
  const isShort = about.length + question.length <= PAGE_CHARACTERS;
  if (!isShort && !(await showPages(`${question}\n${about}`, input, signal))) return false;
  const answer = await input.ask(
    isShort ? `${question}? [y/N] ` : "All was shown. Run it? [y/N] ",
    isShort ? about : "",
  );
  return !signal.aborted && /^\s*y(?:es)?\s*$/i.test(answer ?? "");
}

/** Shows a text page by page; false when it was not shown to its end. */
async function showPages(text: string, input: MessageInput, signal: AbortSignal): Promise<boolean> {
  const pages = pagesOf(text);
  const last = pages.pop() ?? "";
  let showsAll = false;
  for (const [index, shown] of pages.entries()) {
    if (showsAll) {
      input.tell?.(shown);
      continue;
    }
    const keys = "Enter shows the next one, a all of them, n refuses";
    const answer = (await input.ask?.(`(page ${index + 1} of ${pages.length + 1}: ${keys}) `, `${shown}\n`)) ?? null;
    if (answer === null || signal.aborted || /^\s*no?\s*$/i.test(answer)) return false;
    showsAll = /^\s*a(?:ll)?\s*$/i.test(answer);
  }
  input.tell?.(`${last}\n`);
  return true;
}

/** The text in parts of a page, none of which ends within a character. */
function pagesOf(text: string): string[] {
  const pages: string[] = [];
  for (let at = 0; at < text.length; at += pages.at(-1)?.length ?? 0) {
    pages.push(cutText(text.slice(at, at + PAGE_CHARACTERS), PAGE_CHARACTERS));
  }
  return pages;
}

/** What would run, a line each; empty for a function of the program. */
function describeRun({ will_run: run }: PermissionRequest): string {
  const lines: [label: string, value: string][] = [];
  if (run.kind === "command") {
    lines.push(["command", visibleCommand(run.command)], ["folder", visibleText(run.working_directory)]);
    const variables = Object.entries(run.environment).map(([name, value]) => `${name}=${value}`);
    if (variables.length > 0) lines.push(["environment", visibleCommand(variables)]);
  } else if (run.kind === "mcp") {
    lines.push(["server", visibleText(run.server)], ["its tool", visibleText(run.tool)]);
    if (run.url !== undefined) lines.push(["address", visibleText(run.url)]);
    if (run.command !== undefined) lines.push(["command", visibleCommand(run.command)]);
  }
  return lines.map(([label, value]) => `${`${label}:`.padEnd(13)}${value}\n`).join("");
}
