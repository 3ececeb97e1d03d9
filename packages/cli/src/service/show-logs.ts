import type { OptionValues } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { plainText } from "../output/plain-text.js";
import type { Streams } from "../streams.js";
import { formatLogLine } from "./format-log.js";
import { requireInstalled } from "./not-installed.js";
import { ServiceCommandError } from "./service-command-error.js";
import type { ServicePlace } from "./service-place.js";
import type { Systemd } from "./systemd.js";
import { nameOptions, sudoProgram } from "./typed-command.js";

const DEFAULT_LINES = 50;
/** Line of journalctl itself. */
const NO_LINES = "-- No entries --";

/** Shows the log of a service, as lines for people or as they were written. Follows it until a signal. */
export async function showLogs(
  place: ServicePlace,
  { lines = DEFAULT_LINES, follow, json }: OptionValues,
  { stdout, stderr, stop }: Streams,
  systemd: Systemd,
): Promise<number> {
  // A log that is followed would never have a line.
  if (follow === true) await requireInstalled(place, systemd);
  const isPartial = !place.isUser && !(await systemd.mayReadAllLines());
  const note = `note: Only lines of your own processes are shown. For all, run: ${sudoProgram()} service logs${nameOptions(place)}`;
  // Before the wait, in which perhaps no line comes.
  if (isPartial && follow === true) stderr.write(`${note} --follow\n`);
  let rest = "";
  let hasLines = false;
  const tell = (line: string) => {
    const shown = json === true ? plainText(line) : formatLogLine(line);
    hasLines ||= shown !== null;
    if (shown !== null) stdout.write(`${shown}\n`);
  };
  const outcome = await systemd.journal(
    place.unit,
    [
      `--lines=${Number(lines)}`,
      `--output=${json === true ? "cat" : "json"}`,
      ...(follow === true ? ["--follow"] : []),
    ],
    {
      milliseconds: follow === true ? Number.POSITIVE_INFINITY : 60_000,
      signal: stop,
      onOutput(text) {
        const pieces = (rest + text).split("\n");
        rest = pieces.pop() ?? "";
        pieces.filter((line) => line !== "" && line !== NO_LINES).forEach(tell);
      },
    },
  );
  if (!hasLines && !stop.aborted) await requireInstalled(place, systemd);
  if (isPartial && !hasLines && !stop.aborted) throw mayNotRead(place);
  if (isPartial && follow !== true) stderr.write(`${note}\n`);
  if (stop.aborted || outcome.exitCode === 0) return exitCodes.done;
  throw new ServiceCommandError({
    code: "systemd-failed",
    message: `journalctl failed: ${outcome.stderr.trim() || "it has no log of this service"}.`,
    hint: `Run journalctl ${place.isUser ? "--user-unit" : "--unit"} ${place.unit} for the details.`,
  });
}

/** Returns the newest lines of a service's log, for people. */
export async function lastLines(unit: string, systemd: Systemd, args: readonly string[]): Promise<string[]> {
  const { stdout } = await systemd.journal(unit, [...args, "--output=json"]);
  return stdout
    .split("\n")
    .map(formatLogLine)
    .filter((line) => line !== null);
}

function mayNotRead(place: ServicePlace): ServiceCommandError {
  return new ServiceCommandError({
    code: "service-needs-root",
    message: `The log of ${place.unit} has no lines that this user may read.`,
    reason: "The log of a service of the system is for root and the groups adm and systemd-journal.",
    hint: `Run: ${sudoProgram()} service logs${nameOptions(place)}`,
  });
}
