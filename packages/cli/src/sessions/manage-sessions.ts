import { once } from "node:events";
import { BYTES_PER_MB } from "@nanoagent/models";
import {
  addDamage,
  addMissing,
  describeReport,
  emptyReport,
  findSession,
  findSessions,
  Journal,
  type JournalMessage,
  type JournalTurn,
  type ReadTurnsOptions,
  readConfig,
  readSession,
  type StoredSession,
} from "@nanoagent/runtime/node";
import type { CommandAction, OptionValues } from "../command-line/command.js";
import { findDefaultConfig } from "../config/default-config-file.js";
import { UsageError } from "../errors/usage-error.js";
import { exitCodes } from "../exit-codes.js";
import { formatFields, formatJson } from "../output/format.js";
import { messageHead, messageText } from "../output/message-head.js";
import { plainLine, plainText } from "../output/plain-text.js";
import type { Streams } from "../streams.js";

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;
const TURNS_SHOWN = 20;

type Action = (folder: string, values: OptionValues, streams: Streams) => Promise<number>;

export const manageSessions: CommandAction = async (values, streams) => {
  if (values.dir !== undefined && values.config !== undefined) {
    throw new UsageError({ message: "sessions takes --dir or --config, not both.", hint: "Pass only one of them." });
  }
  const { dir, retention } = values.dir === undefined ? await sessionOf(values.config) : { dir: String(values.dir) };
  const limits = { "max-mb": retention?.max_mb, "max-days": retention?.max_days };
  const action = actions[String(values.action)] as Action;
  return action(dir, { ...limits, ...values }, streams);
};

const actions: Record<string, Action> = {
  async list(folder, { json }, { stdout }) {
    const sessions = await findSessions(folder);
    if (json) stdout.write(formatJson({ sessions }));
    else if (sessions.length === 0) stdout.write(plainText(`There is no session in ${folder}.\n`));
    else stdout.write(sessions.map(describe).join("\n"));
    return exitCodes.done;
  },

  async show(folder, { json, last = TURNS_SHOWN }, streams) {
    const { turns } = await requireSession(folder);
    const findings = new Findings();
    for await (const turn of readSession(folder, { from: Math.max(1, turns - Number(last) + 1), ...findings })) {
      await write(streams, json ? formatJson(turn) : asText(turn));
      if (streams.stop.aborted) return exitCodes.done;
    }
    return findings.tell(streams);
  },

  async export(folder, { json, format }, streams) {
    if (json && format === "markdown") {
      throw new UsageError({
        message: "--json and --format markdown exclude each other.",
        hint: "Pass only one of them.",
      });
    }
    const { session } = await requireSession(folder);
    const isJson = json === true || format === "json";
    await write(streams, isJson ? `{"session":${JSON.stringify(session)},"turns":[` : "# Session\n");
    let separator = "";
    const findings = new Findings();
    for await (const turn of readSession(folder, { ...findings })) {
      await write(streams, isJson ? `${separator}\n${plainText(JSON.stringify(turn))}` : asMarkdown(turn));
      separator = ",";
      if (streams.stop.aborted) return exitCodes.interrupted;
    }
    if (isJson) await write(streams, `\n],"missing":${JSON.stringify(findings.report.missing)}}\n`);
    return findings.tell(streams);
  },

  async repair(folder, { json }, { stdout }) {
    await requireSession(folder);
    const journal = await Journal.open(folder, { verifyEverything: true });
    const { report, counts } = journal;
    await journal.close();
    const lines = describeReport(report);
    if (json) stdout.write(formatJson({ ...counts, ...report }));
    else {
      for (const line of lines) stdout.write(plainText(`${line}\n`));
      stdout.write(
        `${lines.length === 0 ? "Nothing is damaged: " : ""}${counts.turns} turns, ${counts.messages} messages.\n`,
      );
    }
    // A note reports damage that could not be repaired.
    return report.notes.length === 0 ? exitCodes.done : exitCodes.failed;
  },

  async prune(folder, { json, "max-mb": maxMb, "max-days": maxDays }, { stdout }) {
    if (maxMb === undefined && maxDays === undefined) {
      throw new UsageError({
        message: "prune needs --max-mb N or --max-days N.",
        hint: "Pass one, or set session.retention in the config.",
      });
    }
    await requireSession(folder);
    const journal = await Journal.open(folder);
    try {
      const freed_bytes = await journal.prune({
        maxBytes: maxMb === undefined ? undefined : Number(maxMb) * BYTES_PER_MB,
        maxAgeMilliseconds: maxDays === undefined ? undefined : Number(maxDays) * DAY_MILLISECONDS,
      });
      stdout.write(json ? formatJson({ freed_bytes }) : `Freed ${toMb(freed_bytes)} MB.\n`);
    } finally {
      await journal.close();
    }
    return exitCodes.done;
  },
};

/** Collects missing and damaged parts of the turns that a command reads. */
class Findings {
  readonly report = emptyReport();

  readonly onDamage: ReadTurnsOptions["onDamage"] = ({ path: file }, offset, bytes) =>
    addDamage(this.report, { file, offset, bytes, quarantine: null });

  readonly onTorn: ReadTurnsOptions["onTorn"] = ({ path: file }, bytes) => {
    this.report.torn_bytes += bytes;
    if (bytes === 0) this.report.empty_files.push(file);
  };

  readonly onUnknown: ReadTurnsOptions["onUnknown"] = () => {
    this.report.unknown_records += 1;
  };

  readonly onMissing: ReadTurnsOptions["onMissing"] = (missing) => addMissing(this.report, missing);

  /** Prints the findings as warnings. Returns the command's exit code: a history with gaps is a failure. */
  tell({ stderr }: Streams): number {
    const lines = describeReport(this.report);
    for (const line of lines) stderr.write(plainText(`warning: ${line}\n`));
    // An incomplete write may be one that another program has not finished yet.
    return describeReport({ ...this.report, torn_bytes: 0, empty_files: [] }).length === 0
      ? exitCodes.done
      : exitCodes.failed;
  }
}

async function sessionOf(named: OptionValues[string]) {
  const config = String(named ?? (await findDefaultConfig("sessions needs --dir PATH or --config PATH.")));
  // The device does not matter here, so it is not profiled.
  const { session } = await readConfig(config, { profile: async () => unknownDevice });
  if (session !== undefined) return session;
  throw new UsageError({
    message: `${config} has no session.`,
    hint: "Set session.dir in it, or pass the folder with --dir.",
  });
}

const unknownDevice = { device_id: "unknown", platform: "unknown", memory_mb: 1, cpu_cores: 1, has_gpu: false };

/** Returns the session in a folder. Throws if it has none: most likely it is the wrong folder. */
async function requireSession(folder: string): Promise<StoredSession> {
  const session = await findSession(folder);
  if (session !== null) return session;
  throw new UsageError({
    message: `No session found in "${folder}".`,
    hint: `nanoagent sessions list --dir ${folder} shows the sessions in its subfolders.`,
  });
}

function describe({ folder, session, turns, messages, bytes, missing_turns, last_at }: StoredSession): string {
  return formatFields(10, {
    Folder: plainLine(folder),
    Session: plainLine(session ?? "unknown: its newest files are damaged"),
    Turns: `${turns} (${messages} messages)${missing_turns ? `, ${missing_turns} of them missing` : ""}`,
    Size: `${toMb(bytes)} MB`,
    Last: plainLine(last_at ?? (turns === 0 ? "never" : "unknown: the clock was not set")),
  });
}

function asText({ turn, messages, begins_conversation, interrupted }: JournalTurn): string {
  const heads = [
    `--- ${turn}${begins_conversation ? ", a new conversation" : ""}${interrupted ? ", interrupted" : ""}`,
  ];
  return `${[...heads, ...messages.map((message) => plainText(`${messageHead(message)}: ${messageText(message)}`))].join("\n")}\n`;
}

function asMarkdown({ turn, messages, begins_conversation, interrupted }: JournalTurn): string {
  const head = begins_conversation ? "\n## Conversation\n" : "";
  const interruption = interrupted ? "*interrupted*\n\n" : "";
  return `${head}\n### ${turn}\n\n${interruption}${messages.map(messageAsMarkdown).join("\n\n")}\n`;
}

function messageAsMarkdown({ role, ended, content, timestamp, tool_calls = [] }: JournalMessage): string {
  const calls = tool_calls.map((call) => quote(`${call.name} ${JSON.stringify(call.arguments)}`));
  const parts = [
    messageHead({ role: `**${role}**`, ended }, plainLine(timestamp)),
    ...(content === "" ? [] : [quote(content)]),
    ...calls,
  ];
  return parts.join("\n\n");
}

/** Quotes a message, so that nothing in it becomes a heading or list of the document. */
function quote(text: string): string {
  return plainText(text)
    .split("\n")
    .map((line) => `> ${line}`)
    .join("\n");
}

/** Writes, and waits while the reader is slower. */
async function write({ stdout, stop }: Streams, text: string): Promise<void> {
  if (!stdout.write(text) && !stop.aborted) await once(stdout, "drain", { signal: stop }).catch(() => {});
}

function toMb(bytes: number): string {
  return (bytes / BYTES_PER_MB).toFixed(1);
}
