import { parseArgs } from "node:util";

/** How often a start is measured where nothing else is said. */
const DEFAULT_RUNS = 15;

export const benchHelp = `What nanoagent costs, beside its budgets and its peers.

Usage: pnpm bench [options]

Options
  --runs N     how often each start is measured (default ${DEFAULT_RUNS}); turns, sessions and waits at most 5 times
  --no-peers   nanoagent alone: installs nothing from a registry
  --json       one JSON document on stdout (from a script: node packages/bench/src/bench.mjs --json)
  --help       this text

Peers are installed once, into $NANOAGENT_BENCH_CACHE, or nanoagent-bench in the user's cache folder.
Exit code: 0; 1 when a size is over its budget or nanoagent could not be measured; 2 for a wrong option.
`;

/** @typedef {{ runs: number, peers: boolean, json: boolean, help: boolean }} BenchOptions */

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
      "no-peers": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1)
    throw new TypeError(`--runs needs a whole number from 1 on, not "${values.runs}"`);
  return { runs, peers: !values["no-peers"], json: values.json, help: values.help };
}
