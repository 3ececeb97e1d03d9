import { exitCodeForCode } from "../../src/errors/present-error.js";
import { type ErrorRow, errorTopics } from "./error-table.js";
import { block, generatedFrom, list, page, prose } from "./markdown.js";

/** Returns docs/troubleshooting.md. */
export function writeTroubleshooting(): string {
  const [first] = errorTopics;
  return page(
    generatedFrom("packages/cli/test/documents/error-table.ts"),
    "# Troubleshooting",
    "An error has up to three lines: what happened, why, and what to do now.",
    block(
      "text",
      [
        "error: Agent requires 512 MB but device only has 128 MB.",
        "  do: Lower spec.max_memory_mb to 128 or less, or run the agent on a larger device.",
      ].join("\n"),
    ),
    "Before you search further:",
    list([
      "`nanoagent check` reports every error of a config at once, with its line.",
      "`--debug` shows where in the program an error was raised.",
      "With `--json` and `--jsonl`, an error is an object on the standard output. Its `code` is one of the codes on this page and does not change between versions; the texts may.",
      "In TypeScript, `NanoAgentError.isInstance(error)` recognizes the errors, and `error.code` has the code.",
    ]),
    "An exit code below is that of a command that ends with the error. In a conversation, an error ends only its message.",
    "## Messages and their codes",
    list((first?.rows ?? []).map(({ code, message }) => `“${prose(shown(message))}”: [${code}](#${code})`)),
    ...errorTopics.flatMap(({ title, introduction, rows }) => [
      `## ${title}`,
      prose(introduction),
      ...rows.map(describe),
    ]),
  );
}

/** `There is no model file at {a.gguf}.` → `There is no model file at a.gguf.` */
function shown(message: string): string {
  return message.replace(/\{([^{}]*)\}/g, "$1");
}

function describe({ code, message, when, now, isWarning }: ErrorRow): string {
  const ending = isWarning ? "Warning; the exit code stays 0." : `Exit code ${exitCodeForCode(code)}.`;
  return page(
    `### ${code}`,
    `> ${prose(shown(message))}`,
    prose(when),
    `**What to do:** ${prose(now)}`,
    ending,
  ).trimEnd();
}
