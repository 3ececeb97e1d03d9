import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { failedRow, reportRow } from "./report-row.mjs";
import { summarizeOverBare, summarizeSamples } from "./summarize-samples.mjs";

const START_MILLISECONDS = 60_000;

const reportStartCost = fileURLToPath(new URL("./report-start-cost.cjs", import.meta.url));

/**
 * Program that is measured from its start to its end.
 *
 * @typedef {object} Start
 * @property {string} name part of the row's name
 * @property {string} subject
 * @property {string} folder
 * @property {readonly string[]} args
 */

/**
 * Returns a start that only imports packages.
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
 * Returns a start that loads an agent with the rules engine.
 *
 * @param {string} name
 * @param {string} subject
 * @param {string} folder where the runtime is installed
 * @param {string | null} message to answer; null for none
 * @returns {Start}
 */
export function agentStart(name, subject, folder, message) {
  const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 1 };
  const config = JSON.stringify({ spec: { name: "shed", max_memory_mb: 64 }, device });
  const talk = message === null ? "" : `await runtime.process(${JSON.stringify(message)});\n`;
  const file = path.join(folder, `start-${name}.mjs`);
  writeFileSync(
    file,
    `import { NanoRuntime } from "@nanoagent/runtime";\nconst runtime = new NanoRuntime();\nawait runtime.load(${config});\n${talk}`,
  );
  return { name, subject, folder, args: [file] };
}

/**
 * Returns a start of the program `nanoagent`.
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
 * Measures time, processor time and memory of every start, minus those of bare Node. All starts run in each round, so
 * that other work on the machine affects them equally. Each round begins with a different start.
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
    processorMilliseconds: /** @type {number[]} */ ([]),
    megabytes: /** @type {number[]} */ ([]),
    failure: /** @type {unknown} */ (null),
  }));
  // The first round fills the file cache and does not count.
  for (let round = 0; round <= runs; round++) {
    progress(round === 0 ? "starts: warm-up round" : `starts: round ${round} of ${runs}`);
    const from = round % subjects.length;
    for (const subject of [...subjects.slice(from), ...subjects.slice(0, from)]) {
      if (subject.failure !== null) continue;
      const { args, folder } = subject.start;
      const options = { cwd: folder, timeLimitMilliseconds: START_MILLISECONDS };
      try {
        const { milliseconds } = await workbench.run(process.execPath, args, options);
        if (round === 0) continue;
        subject.milliseconds.push(milliseconds);
        const { report } = await workbench.run(process.execPath, ["-r", reportStartCost, ...args], options);
        const [bytes = Number.NaN, microseconds = Number.NaN] = report.split(" ").map(Number);
        subject.megabytes.push(bytes / 2 ** 20);
        subject.processorMilliseconds.push(microseconds / 1000);
      } catch (error) {
        subject.failure = error;
      }
    }
  }
  const [base, ...rest] = subjects;
  if (base === undefined || base.failure !== null)
    throw new Error("Cannot measure bare Node", { cause: base?.failure });
  return [
    reportRow(
      ["start", "bare", "time"],
      { subject: "node -e 0 itself", measure: "start", unit: "ms" },
      summarizeSamples(base.milliseconds),
    ),
    reportRow(
      ["start", "bare", "cpu"],
      { subject: "node -e 0 itself", measure: "processor time", unit: "ms" },
      summarizeSamples(base.processorMilliseconds),
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
        processorMilliseconds,
        megabytes,
        failure,
      }) => {
        if (failure !== null) return [failedRow(["start", name], subject, failure)];
        const time = { subject, measure: "start", unit: /** @type {const} */ ("ms"), overBare: true };
        const cpu = { ...time, measure: "processor time" };
        const memory = { subject, measure: "peak RSS", unit: /** @type {const} */ ("MB"), overBare: true };
        return [
          reportRow(["start", name, "time"], time, summarizeOverBare(milliseconds, base.milliseconds)),
          reportRow(["start", name, "cpu"], cpu, summarizeOverBare(processorMilliseconds, base.processorMilliseconds)),
          reportRow(["start", name, "memory"], memory, summarizeOverBare(megabytes, base.megabytes)),
        ];
      },
    ),
  ];
}
