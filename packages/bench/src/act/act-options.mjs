import path from "node:path";
import { parseArgs } from "node:util";

/** One scenario in this many belongs to the sample. */
export const SAMPLE_SHARE = 10;

const parts = ["training", "development", "sealed", "all"];

export const actHelp = `Measures how often small models act correctly: nanoagent, llama-server with the same file, and words alone.

Usage: pnpm bench:act [options]

Options
  --sample          use a tenth of the scenarios, evenly spread
  --part PART       ${parts.join(", ")} (default development)
  --scenarios PATH  file or folder of scenarios (default: the built-in ones)
  --json            one JSON document on stdout
  --help            show this text

Environment
  NANOAGENT_ACT_MODELS  GGUF files, separated by "${path.delimiter}"
  LLAMA_SERVER          path of llama-server; without it, its column is skipped

Runs the packages of the last build (npm start builds them).
Exit codes: 0: done; 1: nanoagent could not be measured with a model; 2: invalid option.
`;

/**
 * @typedef {object} ActOptions
 * @property {boolean} sample
 * @property {string | undefined} part undefined: all parts
 * @property {string | undefined} scenarios
 * @property {readonly string[]} models
 * @property {string | undefined} serverProgram
 * @property {boolean} json
 * @property {boolean} help
 */

/**
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string | undefined>>} environment
 * @returns {ActOptions}
 * @throws {TypeError} for an unknown option, and without models
 */
export function parseActOptions(args, environment) {
  const { values } = parseArgs({
    args: args.filter((argument) => argument !== "--"),
    options: {
      sample: { type: "boolean", default: false },
      part: { type: "string", default: "development" },
      scenarios: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (!parts.includes(values.part))
    throw new TypeError(`Unknown part "${values.part}" in --part: use ${parts.join(", ")}`);
  const models = (environment.NANOAGENT_ACT_MODELS ?? "").split(path.delimiter).filter((file) => file !== "");
  if (models.length === 0 && !values.help)
    throw new TypeError("NANOAGENT_ACT_MODELS is not set. Set it to the paths of the models");
  return {
    ...values,
    part: values.part === "all" ? undefined : values.part,
    scenarios: values.scenarios,
    models,
    serverProgram: environment.LLAMA_SERVER || undefined,
  };
}
