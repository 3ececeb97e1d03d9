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
      "`nanoagent doctor` gathers what a [bug report](doctor.md) needs into one file, without secrets.",
      "`--debug` shows where in the program an error was raised.",
      "With `--json` and `--jsonl`, an error is an object on the standard output. Its `code` is one of the codes on this page and does not change between versions; the texts may.",
      "In TypeScript, `NanoAgentError.isInstance(error)` recognizes the errors, and `error.code` has the code.",
    ]),
    "An exit code below is that of a command that ends with the error. In a conversation, an error ends only its message.",
    "## Messages and their codes",
    list((first?.rows ?? []).map(({ code, message }) => `“${prose(shown(message))}”: [${code}](#${code})`)),
    "For lines that begin with `note:`, see [Notes beside a reply](#notes-beside-a-reply).",
    ...errorTopics.flatMap(({ title, introduction, rows }) => [
      `## ${title}`,
      prose(introduction),
      ...rows.map(describe),
    ]),
    "## Notes beside a reply",
    "A note is not an error. Notes are on the standard error, have no code, and do not change the exit code.",
    ...notes.map(describeNote),
  );
}

/** A note that the program writes beside a reply. */
interface Note {
  title: string;
  /** The note as the program writes it. */
  text: string;
  when: string;
  now: string;
}

const notes: readonly Note[] = [
  {
    title: "Memory is short",
    text: "note: memory is short (the agent takes 265 of its 216 MB): less of the conversation is shown to the model.",
    when: "The agent is near or above its budget, the device has little memory left, or the model only waits for pages from storage. The part in brackets says which. After the colon is the step that the agent took: less conversation for the model, no saved state, a smaller batch, a smaller context, no model between messages. The last step refuses messages until there is room again.",
    now: "Look at `/memory`. Raise `spec.max_memory_mb` or use a smaller model if the agent takes too much. On a processor with AMX, [add 100 MB](models-and-memory.md#processors-with-amx-take-more). If the device is short of memory, end other programs.",
  },
  {
    title: "The reply was cut off",
    text: 'note: The reply was cut off after 60 tokens: it reached the limit (--max-tokens, sampling.max_tokens or the context). Say "continue" for the rest.',
    when: "The reply reached `sampling.max_tokens` or `--max-tokens`, or the model's context is full. With `--json`, `ended` and `reason` are `length`.",
    now: 'Say "continue", raise `sampling.max_tokens`, or ask for a shorter answer in `instructions`. If the context is full, raise `engine.context` or the budget.',
  },
];

function describeNote({ title, text, when, now }: Note): string {
  return page(`### ${title}`, `> ${prose(text)}`, prose(when), `**What to do:** ${prose(now)}`).trimEnd();
}

/** `There is no model file at {a.gguf}.` → `There is no model file at a.gguf.` */
function shown(message: string): string {
  return message.replace(/\{([^{}]*)\}/g, "$1");
}

function describe({ code, message, when, now, isWarning, isOfService }: ErrorRow): string {
  const ending = isOfService
    ? "Clients see it; the service goes on."
    : isWarning
      ? "Warning; the exit code stays 0."
      : `Exit code ${exitCodeForCode(code)}.`;
  return page(
    `### ${code}`,
    `> ${prose(shown(message))}`,
    prose(when),
    `**What to do:** ${prose(now)}`,
    ending,
  ).trimEnd();
}
