import { parseArgs } from "node:util";
import { questions } from "./report-row.mjs";

/** @typedef {import("./report-row.mjs").QuestionKey} QuestionKey */

const allQuestions = /** @type {QuestionKey[]} */ (Object.keys(questions));

/** How often a start is measured where nothing else is said. */
const DEFAULT_RUNS = 15;

export const benchHelp = `What nanoagent costs, beside its budgets and its peers.

Usage: pnpm bench [options]

Options
  --runs N     how often each start is measured (default ${DEFAULT_RUNS}); turns, sessions and waits at most 5 times
  --only LIST  some of ${allQuestions.join(",")}
  --no-peers   nanoagent alone: installs nothing from a registry
  --json       one JSON document on stdout (from a script: node packages/bench/src/bench.mjs --json)
  --help       this text

Peers are installed once, into $NANOAGENT_BENCH_CACHE, or nanoagent-bench in the user's cache folder.
Exit code: 0; 1 when a size is over its budget or nanoagent could not be measured; 2 for a wrong option.
`;

/**
 * @typedef {object} BenchOptions
 * @property {number} runs
 * @property {readonly QuestionKey[]} questions what is measured, in the report's order
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
      only: { type: "string", default: allQuestions.join(",") },
      "no-peers": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1)
    throw new TypeError(`--runs needs a whole number from 1 on, not "${values.runs}"`);
  const named = values.only.split(",");
  const unknown = named.find((name) => !allQuestions.some((question) => question === name));
  if (unknown !== undefined) throw new TypeError(`--only takes ${allQuestions.join(", ")}, not "${unknown}"`);
  const chosen = allQuestions.filter((question) => named.includes(question));
  return { runs, questions: chosen, peers: !values["no-peers"], json: values.json, help: values.help };
}
