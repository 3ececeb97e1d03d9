import path from "node:path";
import { measureFirstToken } from "./engine/first-token.mjs";
import { programFile } from "./installations.mjs";
import { pairRatios } from "./paired-runs.mjs";
import { failedRow, reportRow } from "./report-row.mjs";
import { summarizeSamples } from "./summarize-samples.mjs";

/** @typedef {import("./report-row.mjs").Row} Row */
/** @typedef {import("./model-bench.mjs").ModelBench} ModelBench */
/** @typedef {import("./engine/first-token.mjs").FirstToken} FirstToken */
/** @typedef {Record<string, import("./paired-runs.mjs").Outcome<FirstToken>>} Outcomes */

const ONE_WORD = "What is the capital of France? Answer with one word.";

const SERVER = "llama-server";

/**
 * Measures the time from a start to the first token.
 *
 * @param {ModelBench} bench
 * @returns {Promise<Row[]>}
 */
export async function measureStartsToToken(bench) {
  return measureEachModel(bench, "first-token", {});
}

/**
 * Measures a program that answers with one word, from its start to its end.
 *
 * @param {ModelBench} bench
 * @returns {Promise<Row[]>}
 */
export async function measureOneWord(bench) {
  return measureEachModel(bench, "one-word", { toEnd: true, message: ONE_WORD });
}

/** @param {ModelBench} bench @param {"first-token" | "one-word"} question @param {Partial<import("./engine/first-token.mjs").FirstTokenTask>} changes */
async function measureEachModel(bench, question, changes) {
  const { libraries, addonPackage, llamaServer, nodeLlamaCpp } = bench.paths;
  const rows = [];
  for (const { name, title, modelPath } of bench.models(question)) {
    const outcomes = await measureFirstToken({
      modelPath,
      program: programFile(bench.folders.cli),
      runtimeFolder: path.resolve(libraries),
      addonPackage,
      ...(llamaServer === undefined ? {} : { llamaServer }),
      ...(nodeLlamaCpp === undefined ? {} : { nodeLlamaCpp }),
      pairs: bench.options.pairs,
      progress: (what) => bench.progress(`${question}: ${title}: ${what}`),
      ...changes,
    });
    rows.push(...firstTokenRows(question, name, title, outcomes));
  }
  return rows;
}

const clocks = /** @type {const} */ ([
  ["cpu", "cpu_ms", "CPU time"],
  ["wall", "wall_ms", "time"],
]);

/**
 * @param {"first-token" | "one-word"} question
 * @param {string} name
 * @param {string} subject
 * @param {Outcomes} outcomes
 * @returns {Row[]}
 */
export function firstTokenRows(question, name, subject, outcomes) {
  const ratio = (/** @type {string} */ one, /** @type {string} */ other, /** @type {"cpu_ms" | "wall_ms"} */ key) =>
    summarizeSamples(
      pairRatios(outcomes[one]?.figures ?? [], outcomes[other]?.figures ?? [], ({ [key]: value }) => value),
    );
  return Object.entries(outcomes).flatMap(([contender, { figures, failure }]) => {
    if (failure !== null) return [failedRow([question, `${name}/${contender}`], `${subject}: ${contender}`, failure)];
    const isOwn = contender === "program" || contender === "library";
    return clocks.flatMap(([clock, key, word]) => {
      const row = (
        /** @type {string} */ figure,
        /** @type {string} */ measure,
        /** @type {import("./summarize-samples.mjs").Summary} */ summary,
      ) => reportRow([question, name, figure], { subject, measure, unit: "×" }, summary);
      /** @type {Row[]} */
      const rows = [
        reportRow(
          [question, name, `${contender}-${clock}-time`],
          { subject, measure: `${contender}: ${word}`, unit: "ms" },
          summarizeSamples(figures.map(({ [key]: value }) => value)),
        ),
      ];
      if (contender !== "bare" && outcomes.bare?.failure === null)
        rows.push(row(`${contender}-${clock}`, `${contender}: ${word}, ÷ bare`, ratio(contender, "bare", key)));
      if (isOwn && outcomes[SERVER]?.failure === null)
        rows.push(
          row(`${contender}-${clock}-of-server`, `${contender}: ${word}, ÷ ${SERVER}`, ratio(contender, SERVER, key)),
        );
      return rows;
    });
  });
}
