import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { failedRow, reportRow } from "./report-row.mjs";
import { summarizeOverBare, summarizeSamples } from "./summarize-samples.mjs";

/** Memory varies less from run to run than time does. */
const MOST_MEMORY_RUNS = 5;
const START_MILLISECONDS = 60_000;

const reportPeakMemory = fileURLToPath(new URL("./report-peak-memory.cjs", import.meta.url));

/**
 * A program that is started and measured to its end.
 *
 * @typedef {object} Start
 * @property {string} name part of the row's name
 * @property {string} subject
 * @property {string} folder
 * @property {readonly string[]} args
 */

/**
 * A start that imports packages and does no more.
 *
 * @param {string} name
 * @param {string} subject
 * @param {string} folder where they are installed
 * @param {readonly string[]} imports
 * @returns {Start}
 */
export function importStart(name, subject, folder, imports) {
  const file = path.join(folder, `start-${name}.mjs`);
  writeFileSync(file, imports.map((specifier) => `import ${JSON.stringify(specifier)};\n`).join(""));
  return { name, subject, folder, args: [file] };
}

/**
 * A start of the program `nanoagent`.
 *
 * @param {string} name
 * @param {string} folder where the CLI is installed
 * @param {string} command
 * @returns {Start}
 */
export function programStart(name, folder, command) {
  const packageFolder = path.join(folder, "node_modules/@nanoagent/cli");
  const { bin } = JSON.parse(readFileSync(path.join(packageFolder, "package.json"), "utf8"));
  return { name, subject: `nanoagent ${command}`, folder, args: [path.join(packageFolder, bin.nanoagent), command] };
}

/**
 * Time and memory of every start over those of bare Node. The starts of one round follow each other, so that what else
 * the machine does falls on all of them alike; each round begins with another one.
 *
 * @param {import("./workbench.mjs").Workbench} workbench
 * @param {readonly Start[]} starts
 * @param {number} runs
 * @param {(what: string) => void} progress
 * @returns {Promise<import("./report-row.mjs").Row[]>}
 */
export async function measureStarts(workbench, starts, runs, progress) {
  const bare = { name: "bare", subject: "node -e 0", folder: workbench.folder, args: ["-e", "0"] };
  const empty = importStart("empty", "an empty .mjs file", workbench.makeFolder("empty"), []);
  const subjects = [bare, empty, ...starts].map((start) => ({
    start,
    milliseconds: /** @type {number[]} */ ([]),
    megabytes: /** @type {number[]} */ ([]),
    failure: /** @type {unknown} */ (null),
  }));
  const memoryRuns = Math.min(runs, MOST_MEMORY_RUNS);
  // The first round fills the file cache and counts for nothing.
  for (let round = 0; round <= runs; round++) {
    progress(round === 0 ? "starts: a first round that does not count" : `starts: round ${round} of ${runs}`);
    const from = round % subjects.length;
    for (const subject of [...subjects.slice(from), ...subjects.slice(0, from)]) {
      if (subject.failure !== null) continue;
      const { args, folder } = subject.start;
      const options = { cwd: folder, timeLimitMilliseconds: START_MILLISECONDS };
      try {
        const { milliseconds } = await workbench.run(process.execPath, args, options);
        if (round > 0) subject.milliseconds.push(milliseconds);
        if (round === 0 || round > memoryRuns) continue;
        const { report } = await workbench.run(process.execPath, ["-r", reportPeakMemory, ...args], options);
        subject.megabytes.push(Number(report) / 2 ** 20);
      } catch (error) {
        subject.failure = error;
      }
    }
  }
  const [base, ...rest] = subjects;
  if (base === undefined || base.failure !== null)
    throw new Error("Bare Node could not be measured", { cause: base?.failure });
  return [
    reportRow(
      ["start", "bare", "time"],
      { subject: "node -e 0 itself", measure: "start", unit: "ms" },
      summarizeSamples(base.milliseconds),
    ),
    reportRow(
      ["start", "bare", "memory"],
      { subject: "node -e 0 itself", measure: "peak RSS", unit: "MB" },
      summarizeSamples(base.megabytes),
    ),
    ...rest.flatMap(
      /** @returns {import("./report-row.mjs").Row[]} */ ({
        start: { name, subject },
        milliseconds,
        megabytes,
        failure,
      }) => {
        if (failure !== null) return [failedRow(["start", name], subject, failure)];
        const time = { subject, measure: "start", unit: /** @type {const} */ ("ms"), overBare: true };
        const memory = { subject, measure: "peak RSS", unit: /** @type {const} */ ("MB"), overBare: true };
        return [
          reportRow(["start", name, "time"], time, summarizeOverBare(milliseconds, base.milliseconds)),
          reportRow(["start", name, "memory"], memory, summarizeOverBare(megabytes, base.megabytes)),
        ];
      },
    ),
  ];
}
