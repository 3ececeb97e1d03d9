import { parseArgs } from "node:util";
import { questions } from "./report-row.mjs";

/** @typedef {import("./report-row.mjs").QuestionKey} QuestionKey */

const allQuestions = /** @type {QuestionKey[]} */ (Object.keys(questions));

/** Default for `--pairs`. */
const DEFAULT_PAIRS = 5;

/** Default for `--runs`. */
const DEFAULT_RUNS = 15;

export const benchHelp = `Measures nanoagent and compares it with its budgets and peers.

Usage: pnpm bench [options]

Options
  --runs N     runs of each start (default ${DEFAULT_RUNS}); turns, sessions and idle processes have at most 5
  --pairs N    runs of each side of a comparison with a local model, alternating (default ${DEFAULT_PAIRS})
  --only LIST  measure only these: ${allQuestions.join(",")}
  --rows LIST  measure only rows whose names begin with one of these: engine/135m,drafts/0.5b/quote
  --no-peers   measure nanoagent alone; installs nothing from a registry
  --json       one JSON document on stdout (from a script: node packages/bench/src/bench.mjs --json)
  --help       show this text

Environment
  NANOAGENT_BENCH_MODELS  folder with the models (default: nanoagent-test-models in the user's cache folder)
  LLAMA_SERVER            path of llama-server, from the same month as the library; without it, its rows are skipped
  NANOAGENT_BENCH_CACHE   folder for installed peers

Peers are installed once, into $NANOAGENT_BENCH_CACHE, or nanoagent-bench in the user's cache folder.
Exit codes: 0: done; 1: a size is over its budget, or nanoagent could not be measured; 2: invalid option.
`;

/**
 * @typedef {object} BenchOptions
 * @property {number} runs
 * @property {readonly QuestionKey[]} questions questions to measure, in the order of the report
 * @property {number} pairs
 * @property {readonly string[]} rows name prefixes of the rows to measure; empty: all rows
 * @property {boolean} peers
 * @property {boolean} json
 * @property {boolean} help
 */

/**
 * @param {readonly string[]} args
 * @returns {BenchOptions}
 * @throws {TypeError} for an unknown option or an invalid number
 */
export function parseBenchOptions(args) {
  const { values } = parseArgs({
    // `pnpm bench -- --json` passes the dashes on.
    args: args.filter((argument) => argument !== "--"),
    options: {
      runs: { type: "string", default: String(DEFAULT_RUNS) },
      pairs: { type: "string", default: String(DEFAULT_PAIRS) },
      only: { type: "string", default: allQuestions.join(",") },
      rows: { type: "string" },
      "no-peers": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const runs = readCount("--runs", values.runs);
  const pairs = readCount("--pairs", values.pairs);
  const rows = values.rows === undefined ? [] : values.rows.split(",");
  const strange = rows.find((row) => !allQuestions.some((question) => question === row.split("/")[0]));
  if (strange !== undefined)
    throw new TypeError(`Unknown row "${strange}" in --rows: names begin with one of ${allQuestions.join(", ")}`);
  const named = values.only.split(",");
  const unknown = named.find((name) => !allQuestions.some((question) => question === name));
  if (unknown !== undefined)
    throw new TypeError(`Unknown question "${unknown}" in --only: use ${allQuestions.join(", ")}`);
  const chosen = allQuestions.filter((question) => named.includes(question) && isWanted(rows, question));
  return { runs, pairs, rows, questions: chosen, peers: !values["no-peers"], json: values.json, help: values.help };
}

/**
 * Whether the options ask for any row whose name begins with `beginning`.
 *
 * @param {readonly string[]} rows
 * @param {string} beginning
 */
export function isWanted(rows, beginning) {
  return rows.length === 0 || rows.some((row) => row.startsWith(beginning) || beginning.startsWith(row));
}

/** @param {string} name @param {string} value */
function readCount(name, value) {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1) throw new TypeError(`${name} must be a positive integer, not "${value}"`);
  return count;
}
