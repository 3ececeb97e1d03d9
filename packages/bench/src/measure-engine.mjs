import { measureReplies } from "./engine/measure-replies.mjs";
import { leastOfEach, pairRatios } from "./paired-runs.mjs";
import { failedRow, reportRow } from "./report-row.mjs";
import { summarizeSamples } from "./summarize-samples.mjs";

/** @typedef {import("./report-row.mjs").Row} Row */
/** @typedef {import("./engine/measure-replies.mjs").Replier} Replier */
/** @typedef {import("./engine/reply-child.mjs").Replies} Replies */
/** @typedef {import("./paired-runs.mjs").Outcome<Replies>} Outcome */
/** @typedef {import("./model-bench.mjs").ModelBench} ModelBench */

/** Shorter work with busy neighbors: a run may be ten times slower. */
const IDLE_WORK = { promptLines: 22, replyTokens: 64, mostMilliseconds: 120_000 };
const BUSY_WORK = { promptLines: 6, replyTokens: 32, mostMilliseconds: 15_000 };
/** Fewer rounds with busy neighbors: a contender that collapses takes half a minute per round. */
const MOST_BUSY_PAIRS = 3;
const NEIGHBORS = [0, 1, 2];
const THREADS = [1, 2];
const BARE = "llama.cpp driven directly";

/**
 * Measures how fast nanoagent reads and writes with a local model and its defaults, compared with direct calls of
 * llama.cpp and with peers.
 *
 * @param {ModelBench} bench
 * @returns {Promise<Row[]>}
 */
export async function measureEngine(bench) {
  const rows = [];
  for (const model of bench.models("engine")) {
    for (const threads of THREADS) {
      const subject = `${model.title}, ${threads === 1 ? "one thread" : "two threads"}`;
      const name = `${model.name}-${threads === 1 ? "one" : "two"}`;
      if (!bench.isWanted(`engine/${name}`)) continue;
      /** @type {Replier[]} */
      const repliers = [
        { name: "bare", program: "bare", threads },
        { name: "nanoagent", program: "library", threads },
        // Shows the cost of the planner's batches of 64, compared with llama.cpp's default.
        { name: "bare, 512 at once", program: "bare", threads, batchTokens: 512 },
        ...bench.repliers(threads),
      ];
      const outcomes = await measureReplies(
        bench.workbench,
        repliers,
        { ...bench.paths, ...model, ...IDLE_WORK },
        {
          ...bench.options,
          neighbors: 0,
          progress: (what) => bench.progress(`engine: ${subject}: ${what}`),
        },
      );
      rows.push(...engineRows(name, subject, outcomes));
    }
  }
  return rows;
}

/**
 * Measures how fast nanoagent is on a busy machine, compared with the better of one and two threads.
 *
 * @param {ModelBench} bench
 * @returns {Promise<Row[]>}
 */
export async function measureNeighbors(bench) {
  const rows = [];
  for (const model of bench.models("neighbors")) {
    for (const neighbors of NEIGHBORS) {
      const subject = `${model.title}, ${neighbors === 0 ? "no neighbor" : neighbors === 1 ? "one neighbor" : "two neighbors"}`;
      const name = `${model.name}-${neighbors}`;
      if (!bench.isWanted(`neighbors/${name}`)) continue;
      /** @type {Replier[]} */
      const repliers = [
        { name: "bare, 1 thread", program: "bare", threads: 1 },
        { name: "bare, 2 threads", program: "bare", threads: 2 },
        { name: "nanoagent", program: "library", threads: 2 },
        ...bench.repliers(2).filter(({ program }) => program === "llama-server"),
      ];
      const outcomes = await measureReplies(
        bench.workbench,
        repliers,
        { ...bench.paths, ...model, ...BUSY_WORK },
        {
          ...bench.options,
          pairs: Math.min(bench.options.pairs, MOST_BUSY_PAIRS),
          neighbors,
          progress: (what) => bench.progress(`neighbors: ${subject}: ${what}`),
        },
      );
      rows.push(...neighborRows(name, subject, outcomes));
    }
  }
  return rows;
}

const pieces = /** @type {const} */ (["prefill", "decode"]);
const words = { prefill: "reading a token", decode: "writing a token" };
const clocks = /** @type {const} */ ([
  ["cpu", "cpu_ms", "CPU time"],
  ["wall", "wall_ms", "time"],
]);

/** @param {string} name @param {string} subject @param {Record<string, Outcome>} outcomes @returns {Row[]} */
export function engineRows(name, subject, outcomes) {
  const { bare, ...others } = outcomes;
  if (bare === undefined || bare.failure !== null) return [failedRow(["engine", name], BARE, bare?.failure)];
  return Object.entries(others).flatMap(
    /** @returns {Row[]} */ ([contender, { figures, failure }]) => {
      if (failure !== null) return [failedRow(["engine", `${name}/${contender}`], `${subject}: ${contender}`, failure)];
      return pieces.flatMap((piece) =>
        clocks.map(([clock, key, word]) => {
          const perToken = (/** @type {Replies} */ replies) => replies[piece][key] / replies[piece].tokens;
          const ratios = pairRatios(figures, bare.figures, perToken);
          const measure = `${contender}: ${word} of ${words[piece]}, ÷ bare`;
          const figure = contender === "nanoagent" ? `${piece}-${clock}` : `${toName(contender)}-${piece}-${clock}`;
          return reportRow(["engine", name, figure], { subject, measure, unit: "×" }, summarizeSamples(ratios));
        }),
      );
    },
  );
}

/** @param {string} name @param {string} subject @param {Record<string, Outcome>} outcomes @returns {Row[]} */
export function neighborRows(name, subject, outcomes) {
  const fixed = Object.keys(outcomes).filter((contender) => contender.startsWith("bare"));
  const failed = fixed.find((contender) => outcomes[contender]?.failure !== null);
  if (failed !== undefined) return [failedRow(["neighbors", name], `${subject}: ${failed}`, outcomes[failed]?.failure)];
  return Object.entries(outcomes).flatMap(
    /** @returns {Row[]} */ ([contender, { figures, failure }]) => {
      if (fixed.includes(contender)) return [];
      if (failure !== null)
        return [failedRow(["neighbors", `${name}/${contender}`], `${subject}: ${contender}`, failure)];
      return pieces.map((piece) => {
        const perToken = (/** @type {Replies} */ replies) => replies[piece].wall_ms / replies[piece].tokens;
        const best = leastOfEach(
          fixed.map((one) => outcomes[one]?.figures ?? []),
          perToken,
        );
        const measure = `${contender}: time of ${words[piece]}, ÷ best of 1 and 2 threads`;
        const figure = contender === "nanoagent" ? piece : `${toName(contender)}-${piece}`;
        const ratios = pairRatios(figures, best, perToken);
        return reportRow(["neighbors", name, figure], { subject, measure, unit: "×" }, summarizeSamples(ratios));
      });
    },
  );
}

/** @param {string} contender */
function toName(contender) {
  return contender.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}
