import { parseArgs } from "node:util";
import { questions } from "./report-row.mjs";

/** @typedef {import("./report-row.mjs").QuestionKey} QuestionKey */

const allQuestions = /** @type {QuestionKey[]} */ (Object.keys(questions));

/** How often each side of a pair is measured where nothing else is said. */
const DEFAULT_PAIRS = 5;

/** How often a start is measured where nothing else is said. */
const DEFAULT_RUNS = 15;

export const benchHelp = `What nanoagent costs, beside its budgets and its peers.

Usage: pnpm bench [options]

Options
  --runs N     how often each start is measured (default ${DEFAULT_RUNS}); turns, sessions and waits at most 5 times
  --pairs N    how often each side of a comparison with a local model is measured, in turn (default ${DEFAULT_PAIRS})
  --only LIST  some of ${allQuestions.join(",")}
  --rows LIST  only rows whose names begin so, and no more than these need: engine/135m,drafts/0.5b/quote
  --no-peers   nanoagent alone: installs nothing from a registry
  --json       one JSON document on stdout (from a script: node packages/bench/src/bench.mjs --json)
  --help       this text

Environment
  NANOAGENT_BENCH_MODELS  the folder with the models (default: nanoagent-test-models in the user's cache folder)
  LLAMA_SERVER            the program llama-server, of the same month as the library; without it its rows say so
  NANOAGENT_BENCH_CACHE   where peers are installed

Peers are installed once, into $NANOAGENT_BENCH_CACHE, or nanoagent-bench in the user's cache folder.
Exit code: 0; 1 when a size is over its budget or nanoagent could not be measured; 2 for a wrong option.
`;

/**
 * @typedef {object} BenchOptions
 * @property {number} runs
 * @property {readonly QuestionKey[]} questions what is measured, in the report's order
 * @property {number} pairs
 * @property {readonly string[]} rows prefixes of the names of the rows to measure; empty: all rows
 * @property {boolean} peers
 * @property {boolean} json
 * @property {boolean} help
 */

/**
 * @param {readonly string[]} args
 * @returns {BenchOptions}
 * @throws {TypeError} for an option that there is not, or a number that is none
 */
export function parseBenchOptions(args) {
  const { values } = parseArgs({
    // `pnpm bench -- --json` hands the dashes on.
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
    throw new TypeError(`--rows takes names that begin with one of ${allQuestions.join(", ")}, not "${strange}"`);
  const named = values.only.split(",");
  const unknown = named.find((name) => !allQuestions.some((question) => question === name));
  if (unknown !== undefined) throw new TypeError(`--only takes ${allQuestions.join(", ")}, not "${unknown}"`);
  const chosen = allQuestions.filter((question) => named.includes(question) && isWanted(rows, question));
  return { runs, pairs, rows, questions: chosen, peers: !values["no-peers"], json: values.json, help: values.help };
}

/**
 * Whether rows are wanted whose names begin with `beginning`.
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
  if (!Number.isInteger(count) || count < 1)
    throw new TypeError(`${name} needs a whole number from 1 on, not "${value}"`);
  return count;
}
