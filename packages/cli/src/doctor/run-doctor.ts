import { once } from "node:events";
import os from "node:os";
import { version } from "../../package.json";
import type { CommandAction } from "../command-line/command.js";
import { DEFAULT_CONFIG_FILE } from "../config/default-config-file.js";
import { exitCodes } from "../exit-codes.js";
import { formatFields, formatJson } from "../output/format.js";
import { plainLine } from "../output/plain-text.js";
import type { Streams } from "../streams.js";
import { ExaminedConfig } from "./examined-config.js";
import { findPeople } from "./find-people.js";
import { formatSections, keyOf, redactSections, sectionsToJson } from "./format-sections.js";
import { type PrivateFacts, redactionFor, secretsIn, secretsInText } from "./redact.js";
import { gatherSections, type ReportPart, type ReportSection } from "./report-section.js";
import { isSecretName } from "./secret-names.js";
import { gatherConfig } from "./sections/config-facts.js";
import { gatherDevice } from "./sections/device-facts.js";
import { gatherEngine } from "./sections/engine-facts.js";
import { gatherEnvironment } from "./sections/environment-facts.js";
import { gatherFindings } from "./sections/findings.js";
import { gatherLastErrors } from "./sections/last-errors.js";
import { gatherMemory } from "./sections/memory-facts.js";
import { gatherProgram } from "./sections/program-facts.js";
import { gatherServices } from "./sections/service-facts.js";
import { gatherSessions, listConversations } from "./sections/session-facts.js";
import { gatherStateFiles } from "./sections/state-file-facts.js";
import { writeReport } from "./write-report.js";

const LABEL_COLUMN = 15;
/** Shortest value of a variable that is removed wherever it occurs. */
const MIN_SECRET_CHARACTERS = 4;
/** The same for a number in a variable whose name does not say that it is secret, such as a port. */
const MIN_NUMBER_CHARACTERS = 6;
/** Variables whose values are not secret, regardless of their names and their use in a config. */
const HARMLESS_VARIABLES: ReadonlySet<string> = new Set([
  "HOME",
  "USER",
  "PATH",
  "LANG",
  "PWD",
  "OLDPWD",
  "TMPDIR",
  "SHELL",
]);
/** Values of `--output` that print the report. */
const STANDARD_OUTPUT: ReadonlySet<string> = new Set(["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]);
const READ_IT =
  "Secrets, the user's name and the name of this machine are replaced. A program cannot recognize every secret: read the report before you send it.";

/** Gathers what a bug report needs into one file, and says what is in it. */
export const runDoctor: CommandAction = async (values, streams) => {
  const file = String(values.config ?? DEFAULT_CONFIG_FILE);
  const examined = new ExaminedConfig(file, values.config !== undefined);
  const gathered = await gatherSections(partsOf(examined), { stop: streams.stop });
  if (streams.stop.aborted) return exitCodes.interrupted;
  const sections = redactSections(gathered, redactionFor(await readPrivateFacts(examined, process.env)));
  const now = new Date().toISOString();
  const text = formatSections([`nanoagent report, ${now}, nanoagent ${version}`, READ_IT], sections);
  if (values.output !== undefined && STANDARD_OUTPUT.has(String(values.output))) {
    const json = { format: 1, nanoagent: version, created_at: now, sections: sectionsToJson(sections) };
    await write(streams, values.json ? formatJson(json) : text);
    return exitCodes.done;
  }
  const [date = ""] = now.split("T");
  const name = `nanoagent-report-${date}.txt`;
  const onCommit = () => {
    // From here on the report is complete in a moment, and an interrupt would not tell whether it is.
    streams.onInterrupt = () => {};
  };
  const written = await writeReport(String(values.output ?? name), { name, text, stop: streams.stop, onCommit });
  if (written === null) return exitCodes.interrupted;
  const bytes = Buffer.byteLength(text);
  await write(streams, values.json ? contentsAsJson(written, bytes, sections) : describe(written, bytes, sections));
  return exitCodes.done;
};

function partsOf(examined: ExaminedConfig): ReportPart[] {
  return [
    { name: "Program", gather: gatherProgram },
    { name: "Device", gather: gatherDevice },
    { name: "Config", gather: () => gatherConfig(examined) },
    { name: "Check", gather: (signal) => gatherFindings(examined, signal), isLate: true },
    { name: "Engine", gather: () => gatherEngine(examined) },
    { name: "Memory", gather: () => gatherMemory(examined), isLate: true },
    { name: "Sessions", gather: (signal) => gatherSessions(examined, signal) },
    { name: "State files", gather: () => gatherStateFiles(examined) },
    { name: "Services", gather: gatherServices },
    { name: "Last errors", gather: gatherLastErrors },
    { name: "Environment", gather: () => gatherEnvironment(process.env) },
  ];
}

/** Collects what the report must not have. Never rejects. */
async function readPrivateFacts(
  examined: ExaminedConfig,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<PrivateFacts> {
  const written = await examined.written().catch(() => null);
  const named = variablesIn(written);
  const values = Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && isSecret(name, value, named) ? [value, ...value.split(",")].filter(isLongFor(name)) : [],
  );
  const { users, homes } = await findPeople(environment);
  const given = written === null ? secretsInText(await examined.text()) : secretsIn(written);
  const folder = await examined.sessionFolder();
  const names = folder === null ? null : await listConversations(folder).catch(() => null);
  const conversations = folder === null ? null : { folder, names: names ?? [] };
  return { homes, users, host: os.hostname() || null, secrets: [...values, ...given], conversations };
}

/** Whether the value of a variable is removed wherever it occurs. */
function isSecret(name: string, value: string, named: ReadonlySet<string>): boolean {
  if (HARMLESS_VARIABLES.has(name) || /^(?:true|false|null|none|yes|no)$/i.test(value)) return false;
  return isSecretName(name) || named.has(name);
}

/** Shorter values of variables, such as a port, would remove parts of ordinary words. */
function isLongFor(name: string): (value: string) => boolean {
  const isNumber = (value: string) => /^\d+$/.test(value);
  const isNamed = isSecretName(name);
  return (value) => value.length >= (isNumber(value) && !isNamed ? MIN_NUMBER_CHARACTERS : MIN_SECRET_CHARACTERS);
}

/** Returns the names of the variables that a config takes: `${NAME}`, and the values of keys that end with `_env`. */
function variablesIn(written: unknown): Set<string> {
  const text = JSON.stringify(written) ?? "";
  const placeholders = [...text.matchAll(/\$\{([A-Za-z_]\w*)/g)].map(([, name = ""]) => name);
  const keys = [...text.matchAll(/"[a-z_]*_env":"([^"]+)"/g)].map(([, name = ""]) => name);
  const lists = [...text.matchAll(/"environment_from":\[([^\]]*)\]/g)].flatMap(([, names = ""]) =>
    [...names.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name),
  );
  return new Set([...placeholders, ...keys, ...lists]);
}

function describe(file: string, bytes: number, sections: readonly ReportSection[]): string {
  const fields = Object.fromEntries(sections.map(({ name, summary }) => [name, summary.replaceAll("\n", " ")]));
  const head = plainLine(`Report written to ${file} (${Math.ceil(bytes / 1024)} KB). It has:`);
  return `${head}\n\n${formatFields(LABEL_COLUMN, fields)}\n${READ_IT}\n`;
}

function contentsAsJson(file: string, bytes: number, sections: readonly ReportSection[]): string {
  const contents = sections.map(({ name, summary, failure }) => ({ name: keyOf(name), summary, failure }));
  return formatJson({ file, bytes, sections: contents, notice: READ_IT });
}

/** Writes to stdout and waits where a pipe is full. */
async function write({ stdout }: Streams, text: string): Promise<void> {
  if (!stdout.write(text)) await Promise.race([once(stdout, "drain"), once(stdout, "close")]);
}
