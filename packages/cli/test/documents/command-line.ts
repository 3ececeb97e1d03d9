import type { AgentMessage } from "@nanoagent/models";
import type { TokenUsage } from "@nanoagent/runtime";
import { type Command, type CommandOption, commonOptions } from "../../src/command-line/command.js";
import { choiceRows, operandOf } from "../../src/command-line/help.js";
import { commands } from "../../src/commands/index.js";
import { type ChatContext, runChatCommand } from "../../src/run/chat-commands.js";
import type { TurnStatistics } from "../../src/run/turn-statistics.js";
import { environmentVariables, variablesForTools } from "./environment-variables.js";
import { block, code, generatedFrom, list, page, prose } from "./markdown.js";

/** Exit codes that every command can have. */
const commonExitCodes: Readonly<Record<string, string>> = {
  0: "done",
  1: "failed",
  2: "the command line or the config is wrong",
  3: "the agent or its model does not fit the device",
  129: "ended by SIGHUP, as when the terminal is closed",
  130: "interrupted with Ctrl-C (SIGINT)",
  143: "ended by SIGTERM",
};

/** Meanings of the exit codes of a command that differ from the common list. */
const ownExitCodes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  profile: { 0: "the device was shown", 1: "a measurement failed, or could not be saved" },
  optimize: { 0: "at least one plan fits", 3: "nothing fits `--budget-mb`" },
  init: {
    0: "the config was written",
    2: "the file exists already, it cannot be written, or an option is wrong",
    130: "a question was answered with Ctrl-C",
  },
  check: {
    0: "no errors; there may be warnings",
    2: "the config has errors",
    3: "the only errors are that something does not fit",
  },
  run: {
    0: "the conversation ended, or the message of `--once` was answered",
    1: "a message failed; with `--once`, the exit code is that of its error",
    2: "the command line or the config is wrong",
    3: "the agent or its model does not fit; nothing was loaded",
  },
  serve: {
    1: "it cannot listen, or the agent failed to load",
    2: "the command line, the config or the keys are wrong",
    3: "the agent or its model does not fit; nothing was loaded",
    130: "stopped with Ctrl-C (SIGINT): running replies ended, or were aborted after 10 seconds",
    143: "stopped by SIGTERM, in the same way",
  },
  service: {
    0: "done; for `status`, the service runs",
    1: "for `status`, the service does not run; for `install`, it did not start; otherwise, systemd refused, root is needed, or systemd does not run here",
    2: "the command line or the config is wrong, or cannot be used for a service; nothing was installed",
    3: "for `install`, the agent does not fit; nothing was installed",
  },
  status: { 0: "at least one service answered", 1: "no service runs, or none answered" },
  doctor: {
    0: "the report was written, even if a section of it could not be gathered",
    2: "the file cannot be written, or an option is wrong",
  },
  eval: { 0: "every engine reached `--min-right`", 1: "an engine stayed below `--min-right`, or kept failing" },
  models: {
    0: "done",
    1: "any other failure: not found, gated, no network, a damaged download, a full disk, offline and not on this device",
    2: "not a name, or no such quantization; those that exist are listed. Except for `pull`: not on this device",
    3: "known before the download: the memory or the disk is too small; for `recommend`, nothing fits",
    130: "interrupted; the partial download stays, and the next `pull` continues it",
  },
  triggers: {
    0: "done; for `test`, the event would act; for `run`, the act was done",
    1: "for `test`, the event would not act; for `run`, the act failed, its conditions were not met, or nobody knows whether it was done",
    2: "no trigger has this name, or the config has no session",
    130: "`run` was interrupted; the event stays in the queue",
  },
  fleet: {
    0: "done; for `update`, all agents that are online have the bundle",
    1: "the broker or the agent cannot be reached, an agent refused, or `update` stopped",
    2: "the command line, the selector or the address of the broker is wrong",
    130: "interrupted with Ctrl-C; offers of `update` that are out stay",
  },
  bundle: {
    0: "done; for `apply`, the bundle is in use, now or already before",
    1: "refused, or rolled back to the release before",
    2: "the command line is wrong: an option is missing, a file does not exist, or a key is not one",
    130: "interrupted; the release before is in use",
  },
  sessions: {
    0: "done; for `repair`, nothing was damaged or all damage was put aside",
    1: "for `show` and `export`, turns are missing or damaged; for `repair`, something could not be repaired",
  },
  completion: { 0: "the script was printed" },
};

const messageFields: Readonly<Record<keyof AgentMessage, string>> = {
  role: "`assistant`.",
  content: "The reply.",
  timestamp: "Time of the reply, in UTC.",
  ended: "How a reply ended that is not complete: `length` or `interrupted`. Absent for a complete one.",
};

const usageFields: Readonly<Record<keyof TokenUsage, string>> = {
  prompt_tokens: "Tokens of the prompt: instructions, tools, conversation and message.",
  cached_prompt_tokens: "Tokens of the prompt that did not have to be read again.",
  completion_tokens: "Tokens that the model wrote.",
  reasoning_tokens: "Of these, tokens of thinking, which is not part of the reply.",
  deciding_tokens: "Tokens with which a small model decided whether it needs a tool.",
  prompt_seconds: "Time to read the prompt.",
  completion_seconds: "Time to write the reply.",
};

const statisticsFields: Readonly<Record<keyof TurnStatistics, string>> = {
  seconds: "Time of the whole turn.",
  first_text_seconds: "Time until the first text.",
  prompt_tokens: "As in `usage`.",
  cached_prompt_tokens: "As in `usage`.",
  completion_tokens: "As in `usage`.",
  reasoning_tokens: "As in `usage`.",
  prompt_tokens_per_second: "Speed of reading the prompt.",
  completion_tokens_per_second: "Speed of writing.",
  memory_used_bytes: "Memory that the agent uses, in bytes.",
  memory_limit_bytes: "Memory that it may use, in bytes.",
};

/** Returns docs/command-line.md. */
export async function writeCommandLine(): Promise<string> {
  return page(
    generatedFrom("packages/cli/src/commands and packages/cli/test/documents/command-line.ts"),
    "# The command line",
    block("text", "nanoagent COMMAND [OPTIONS]"),
    list(commands.map(({ name, summary }) => `[\`nanoagent ${name}\`](#nanoagent-${name}): ${fromHelp(summary)}`)),
    "`nanoagent help COMMAND` and `nanoagent COMMAND --help` show the options of a command, with examples. `nanoagent --help` lists the commands.",
    "Results are written to the standard output, everything else to the standard error. With `--json`, an error is a line of JSON on the standard output.",
    "## Common options",
    "Every command has these options:",
    optionList(commonOptions),
    "## Exit codes",
    codeList(commonExitCodes),
    ...commands.map(describeCommand),
    "## Slash commands",
    'In a conversation, a message that is one of these words is a command. With `--json` they work as well. With `--jsonl`, a request names the command without its slash, `{"command": "status"}`; as `content` only `/reset` is a command, because a program may pass on text from other people.',
    list(await slashCommands()),
    "`quit`, `exit` and `q` without a slash end the session too, except with `--jsonl`.",
    jsonLines(),
    completion(),
    environment(),
  );
}

function describeCommand(command: Command): string {
  const { name, summary, details, operand, options, examples } = command;
  const own = ownExitCodes[name];
  if (own === undefined) throw new Error(`docs/command-line.md has no exit codes for ${name}`);
  const word = operand === undefined ? "" : ` ${operandOf(operand)}`;
  return page(
    `## nanoagent ${name}`,
    fromHelp(summary),
    // A line that ends in a semicolon goes on in the next.
    ...details.replaceAll(";\n", "; ").split("\n").map(fromHelp),
    block("text", `nanoagent ${name}${word} [OPTIONS]`),
    ...(operand?.choices === undefined
      ? []
      : [
          `${operand.placeholder} is one of:`,
          list(choiceRows(operand).map(([choice, text]) => `**\`${choice}\`**: ${fromHelp(text)}`)),
        ]),
    ...(command.needsOneOf === undefined
      ? []
      : [`At least one of ${command.needsOneOf.map((option) => `\`--${option}\``).join(" and ")} is required.`]),
    Object.keys(options).length === 0 ? "" : "Options:",
    optionList(options),
    "Examples:",
    block("sh", examples.join("\n")),
    "Exit codes:",
    codeList(own),
  ).trimEnd();
}

function optionList(options: Readonly<Record<string, CommandOption>>): string {
  return list(
    Object.entries(options).map(([name, option]) => {
      const value = option.placeholder === undefined ? "" : ` ${option.placeholder}`;
      const short = option.short === undefined ? "" : `, **\`-${option.short}\`**`;
      return `**\`--${name}${value}\`**${short}: ${[fromHelp(option.description), ...conditions(option)].join(" ")}`;
    }),
  );
}

/** Sentences about when an option is accepted, which the help does not have room for. */
function conditions({ required, requiredFor, notWith = [], onlyWith = [], operands }: CommandOption): string[] {
  const names = (options: readonly string[], word: string) => options.map((one) => `\`--${one}\``).join(` ${word} `);
  return [
    ...(required ? ["Required."] : []),
    ...(notWith.length > 0 ? [`Not with ${names(notWith, "or")}.`] : []),
    ...(onlyWith.length > 0 ? [`Only with ${names(onlyWith, "or")}.`] : []),
    ...(requiredFor !== undefined ? [`Required for ${requiredFor.map(code).join(" and ")}.`] : []),
    ...(operands !== undefined && operands.join() !== requiredFor?.join()
      ? [`Only for ${operands.map(code).join(" and ")}.`]
      : []),
  ];
}

/** A text of the help as Markdown, with options, keys and files as code. */
function fromHelp(text: string): string {
  const named =
    /(?<![`\w/.-])(?:--[a-z][a-z-]*|[a-z_]+\.(?:yaml|json|dir|host|port|max_memory_mb)|\{"id".*?\}\}|"""|~\/[\w./-]*[\w-]|\/help)(?![`\w-])/g;
  return prose(
    text
      .split(/(`[^`]*`)/)
      .map((part, index) => (index % 2 === 1 ? part : part.replace(named, "`$&`")))
      .join(""),
  );
}

function codeList(codes: Readonly<Record<string, string>>): string {
  return list(Object.entries(codes).map(([exitCode, meaning]) => `\`${exitCode}\`: ${meaning}.`));
}

function fieldList(fields: Readonly<Record<string, string>>): string {
  return list(Object.entries(fields).map(([name, meaning]) => `**\`${name}\`**: ${prose(meaning)}`));
}

/** The slash commands, as /help lists them. */
async function slashCommands(): Promise<string[]> {
  const help = await runChatCommand("/help", {} as ChatContext);
  return (help?.text ?? "")
    .trimEnd()
    .split("\n")
    .map((line) =>
      line.replace(/^(\S+)\s+(.*)$/, (_, name: string, summary: string) => `**\`${name}\`**: ${fromHelp(summary)}`),
    );
}

function jsonLines(): string {
  return page(
    "## JSON lines",
    "With `--json`, `nanoagent run` reads messages as text and prints each reply as one line of JSON. With `--jsonl` it reads lines of JSON as well. Notes go to the standard error.",
    "A request is a text in quotes, or an object with these keys:",
    fieldList({
      content: "The message. Required, except with `command`.",
      command: 'Name of a slash command without its slash, in place of `content`: `{"id": 3, "command": "reset"}`.',
      id: "A number, or a text of at most 256 characters. The line of the reply has the same id.",
      response_schema: "JSON Schema that the reply must satisfy.",
      sampling: "Settings of [`sampling`](config.md#sampling) for this reply.",
    }),
    "Other keys are errors, and so are `content` and `command` together. The code is `invalid-message`, and the next line is read. The exit code is 1 in the end when any line has failed.",
    block("jsonl", '{"id": 1, "content": "How wet is the north bed?", "sampling": {"max_tokens": 64}}'),
    "A reply is one line with these keys. Keys without a value are absent or null.",
    fieldList({
      id: "The id of the request.",
      turn: "Number of the turn in the conversation, from 1.",
      ...messageFields,
      reason: "Why the reply ended: `stop`, `length` (the limit of tokens), `abort` or `repetition`.",
      model: "Name of the model that answered; `rules` without one.",
      usage: "Tokens and times of the model, see below; null where no model answered.",
      tool_calls: "Tools that were called: a list of `name`, `arguments`, `result` and `is_error`.",
      not_saved:
        "The error that kept the turn from being saved, with code `session-not-saved`. Beside a reply with `session.on_write_error: deliver`; otherwise beside `error`.",
      statistics: "With `--stats`: figures of the reply, see below.",
    }),
    block(
      "jsonl",
      '{"id":1,"turn":1,"role":"assistant","content":"The capital of France is Paris.","timestamp":"2026-01-31T10:36:30.424Z","reason":"stop","model":"smollm2-135m-instruct","usage":{"prompt_tokens":37,"completion_tokens":7,"cached_prompt_tokens":0,"reasoning_tokens":0,"prompt_seconds":0.089,"completion_seconds":0.225}}',
    ),
    "`usage` has these keys, as far as the engine reports them:",
    fieldList(usageFields),
    "`statistics` has these keys; a figure that is not known is null:",
    fieldList(statisticsFields),
    "When a message fails, its line has `error` instead of a reply, with `name`, `code`, `message`, `reason` and `hint`; [Troubleshooting](troubleshooting.md) lists the codes. If a part of the reply was already shown, `reply` has it.",
    block(
      "jsonl",
      '{"id":2,"error":{"name":"NanoAgentError","code":"invalid-message","message":"The line has no text at content.","reason":null,"hint":"Send one message a line: {\\"content\\": \\"hello\\"}"}}',
    ),
    "The line of a slash command has `command` and `text`:",
    block("jsonl", '{"id":3,"command":"model","text":"Model:       rules\\nEngine:      rules"}'),
  ).trimEnd();
}

function completion(): string {
  return page(
    "## Completion",
    "The shell completes commands, options and their values after one of these steps. A new version of nanoagent brings its own completions with the `source` form.",
    "bash: in `~/.bashrc`",
    block("sh", "source <(nanoagent completion bash)"),
    "zsh: in `~/.zshrc`, after `compinit`",
    block("sh", "source <(nanoagent completion zsh)"),
    "fish: once",
    block(
      "sh",
      "mkdir -p ~/.config/fish/completions\nnanoagent completion fish > ~/.config/fish/completions/nanoagent.fish",
    ),
  ).trimEnd();
}

function environment(): string {
  return page(
    "## Environment variables",
    fieldList(environmentVariables),
    "A config can use any variable: as `$" +
      "{NAME}` in its values, such as `$" +
      "{STATE_DIRECTORY:-state}` with the folder that systemd provides, as a key for a server (`api_key_env`), or for an MCP server (`environment_from`). [The config](config.md) describes these keys.",
    "Tools and MCP servers get the variables of their own settings, PATH, HOME, locale, time zone, proxy and certificate settings. Other variables of the agent are not passed on. The program adds:",
    fieldList(variablesForTools),
  ).trimEnd();
}
