import { execFile } from "node:child_process";
import { cutText } from "@nanoagent/models";
import { isObject } from "../../is-object.js";
import { findInstalledUnits } from "../installed-units.js";
import type { PartFacts } from "../report-section.js";

/** Most lines of a journal that are looked at, and most that are kept. */
const MAX_LINES_READ = 2000;
const MAX_LINES_KEPT = 200;
const MAX_OUTPUT_BYTES = 4 * 2 ** 20;
/** Lines of a program that ended with an error, and of Node. */
const ERROR_LINE = /^\s{0,4}(?:error|warning|why|do|caused by|FATAL ERROR|[A-Z]\w*Error|at)\b/;
/** Facts of a line of the log that may have texts of people, or names that clients chose. */
const PRIVATE_FACTS: ReadonlySet<string> = new Set(["reply", "conversation", "question", "arguments", "will_run"]);

/** Gathers warnings and errors of the services from the journals of systemd. Texts of messages are left out. */
export async function gatherLastErrors(signal: AbortSignal): Promise<PartFacts> {
  if (process.platform !== "linux") return { summary: "no journal on this system", data: { entries: [] } };
  const units = await findInstalledUnits();
  // A pattern would be an error of journalctl where no unit has such a name.
  const named = (flag: string, isUser: boolean) => [
    `--${flag}=nanoagent.service`,
    ...units.filter((unit) => unit.isUser === isUser).map(({ unit }) => `--${flag}=${unit}`),
  ];
  const journals = await Promise.all([
    readJournal(named("unit", false), "system", signal),
    readJournal(["--user", ...named("user-unit", true)], "user", signal),
  ]);
  const entries = journals
    .flatMap(({ entries: found }) => found)
    .sort((one, other) => one.time.localeCompare(other.time))
    .slice(-MAX_LINES_KEPT);
  const notes = journals.flatMap(({ note }) => note ?? []);
  const summary =
    entries.length > 0
      ? `${entries.length} warnings and errors of services (no texts of messages)`
      : (notes[0] ?? "none in the journal of a service");
  return { summary, data: { notes, entries } };
}

export interface JournalEntry {
  time: string;
  unit: string;
  facts: unknown;
}

async function readJournal(
  which: readonly string[],
  name: string,
  signal: AbortSignal,
): Promise<{ entries: JournalEntry[]; note: string | null }> {
  const args = [...which, `--lines=${MAX_LINES_READ}`, "--output=json", "--no-pager", "--quiet"];
  try {
    const text = await run("journalctl", args, signal);
    return { entries: entriesIn(text), note: null };
  } catch (error) {
    const { code, stderr = "" } = error as NodeJS.ErrnoException & { stderr?: string };
    const [said = ""] = stderr.trim().split("\n");
    const failed = said === "" ? `journalctl failed (${String(code)})` : `journalctl says: ${cutText(said, 200)}`;
    const why = code === "ENOENT" ? "this system has no journalctl" : failed;
    return { entries: [], note: `The ${name} journal was not read: ${why.replace(/\.$/, "")}.` };
  }
}

function run(program: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { signal, maxBuffer: MAX_OUTPUT_BYTES, killSignal: "SIGKILL" }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(Object.assign(error, { stderr }));
    });
  });
}

/** Returns the warnings and errors in the output of `journalctl --output=json`. Lines in other forms are left out. */
export function entriesIn(output: string): JournalEntry[] {
  return output.split("\n").flatMap((line): JournalEntry[] => {
    const entry = parse(line);
    if (entry === null || typeof entry.MESSAGE !== "string") return [];
    const facts = entry.SYSLOG_IDENTIFIER === "systemd" ? entry.MESSAGE : factsOf(entry.MESSAGE);
    if (facts === null) return [];
    const microseconds = Number(entry.__REALTIME_TIMESTAMP);
    const date = new Date(microseconds / 1000);
    const time = Number.isNaN(date.getTime()) ? "" : date.toISOString();
    const unit = [entry.UNIT, entry.USER_UNIT, entry._SYSTEMD_USER_UNIT, entry._SYSTEMD_UNIT].find(
      (given) => typeof given === "string",
    );
    return [{ time, unit: String(unit ?? "unknown"), facts }];
  });
}

/** Returns a line of the program's log if it is a warning or an error; otherwise null. */
function factsOf(message: string): unknown {
  const line = parse(message);
  if (line === null) return ERROR_LINE.test(message) ? message : null;
  if (line.level !== "warn" && line.level !== "error") return null;
  // With serve.log_texts, the line of a turn has the message.
  const isTurn = line.event === "turn-end";
  return Object.fromEntries(
    Object.entries(line).filter(([key]) => !PRIVATE_FACTS.has(key) && !(isTurn && key === "message") && key !== "time"),
  );
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
