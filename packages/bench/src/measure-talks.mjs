import { fileURLToPath } from "node:url";
import { failedRow, reportRow } from "./report-row.mjs";
import { summarizeSamples } from "./summarize-samples.mjs";
import { SESSION_SECONDS, SESSION_TURNS } from "./talk-limits.mjs";

/** @typedef {import("./workbench.mjs").Workbench} Workbench */
/** @typedef {import("./report-row.mjs").Row} Row */

/** Includes imports. The child process ends well before. */
const TALK_MILLISECONDS = 120_000;

const talkProgram = fileURLToPath(new URL("./talk.mjs", import.meta.url));

/**
 * Contender, and the folder with its packages.
 *
 * @typedef {object} Installed
 * @property {string} name
 * @property {import("./contenders/contender.mjs").Contender} contender
 * @property {string} folder
 */

/**
 * Measures one turn: the median of each process, then the minimum and median over all processes.
 *
 * @param {Workbench} workbench
 * @param {readonly Installed[]} installed
 * @param {number} runs
 * @param {(what: string) => void} progress
 * @returns {Promise<Row[]>}
 */
export async function measureTurns(workbench, installed, runs, progress) {
  return measureEach(
    workbench,
    "turns",
    installed,
    runs,
    progress,
    ({ name, contender }, /** @type {import("./talk.mjs").TurnsResult[]} */ results) => [
      reportRow(
        ["turn", name, "time"],
        { subject: contender.title, measure: contender.how, unit: "µs" },
        summarizeSamples(results.map(({ medianMicroseconds }) => medianMicroseconds)),
      ),
    ],
  );
}

/**
 * Measures a long session.
 *
 * @param {Workbench} workbench
 * @param {readonly Installed[]} installed
 * @param {number} runs
 * @param {(what: string) => void} progress
 * @returns {Promise<Row[]>}
 */
export async function measureSessions(workbench, installed, runs, progress) {
  return measureEach(
    workbench,
    "session",
    installed,
    runs,
    progress,
    ({ name, contender }, /** @type {import("./talk.mjs").SessionResult[]} */ results) => {
      const summarize = (/** @type {(result: import("./talk.mjs").SessionResult) => number} */ read) =>
        summarizeSamples(results.map(read));
      const subject = contender.title;
      const cutShort = results.some(({ turns }) => turns < SESSION_TURNS)
        ? `stopped after ${SESSION_SECONDS} s`
        : undefined;
      const rows = [
        reportRow(
          ["session", name, "turns"],
          { subject, measure: "turns reached", unit: "turns", note: cutShort },
          summarize(({ turns }) => turns),
        ),
        reportRow(
          ["session", name, "time"],
          { subject, measure: "total time", unit: "s" },
          summarize(({ seconds }) => seconds),
        ),
        reportRow(
          ["session", name, "last-turn"],
          { subject, measure: "a turn at the end", unit: "µs" },
          summarize(({ lastMicroseconds }) => lastMicroseconds),
        ),
        reportRow(
          ["session", name, "slowdown"],
          { subject, measure: "last ÷ first turns", unit: "×" },
          summarize((result) => result.slowdown),
        ),
        reportRow(
          ["session", name, "growth"],
          { subject, measure: "RSS, end − begin", unit: "MB" },
          summarize(({ memoryAfterBytes, memoryBeforeBytes }) => (memoryAfterBytes - memoryBeforeBytes) / 2 ** 20),
        ),
        reportRow(
          ["session", name, "peak-growth"],
          { subject, measure: "RSS, peak − begin", unit: "MB" },
          summarize(({ peakMemoryBytes, memoryBeforeBytes }) => (peakMemoryBytes - memoryBeforeBytes) / 2 ** 20),
        ),
      ];
      const held = results.flatMap((result) => result.held ?? []);
      const [first] = held;
      if (first === undefined) return rows;
      const note = `${first.turns.toLocaleString("en")} turns, ${first.droppedTurns.toLocaleString("en")} older ones dropped`;
      const history = { subject, measure: "history held", unit: /** @type {const} */ ("MB"), note };
      return [
        ...rows,
        reportRow(["session", name, "history"], history, summarizeSamples(held.map(({ bytes }) => bytes / 2 ** 20))),
      ];
    },
  );
}

/**
 * Runs the talk program for each contender, in `runs` rounds.
 *
 * @template Result
 * @param {Workbench} workbench
 * @param {"turns" | "session"} mode
 * @param {readonly Installed[]} installed
 * @param {number} runs
 * @param {(what: string) => void} progress
 * @param {(one: Installed, results: Result[]) => Row[]} toRows
 * @returns {Promise<Row[]>}
 */
async function measureEach(workbench, mode, installed, runs, progress, toRows) {
  const subjects = installed.map((one) => ({
    one,
    results: /** @type {Result[]} */ ([]),
    failure: /** @type {unknown} */ (null),
  }));
  for (let run = 1; run <= runs; run++) {
    for (const subject of subjects) {
      if (subject.failure !== null) continue;
      const { name, contender, folder } = subject.one;
      progress(`${mode}: ${contender.title}, ${contender.how}, run ${run} of ${runs}`);
      try {
        const options = { cwd: workbench.folder, timeLimitMilliseconds: TALK_MILLISECONDS };
        const { stdout } = await workbench.run(process.execPath, [talkProgram, mode, name, folder], options);
        subject.results.push(JSON.parse(stdout));
      } catch (error) {
        subject.failure = error;
      }
    }
  }
  return subjects.flatMap(({ one, results, failure }) =>
    failure === null
      ? toRows(one, results)
      : [failedRow([mode === "turns" ? "turn" : "session", one.name], one.contender.title, failure)],
  );
}
