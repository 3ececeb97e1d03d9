import path from "node:path";
import { parseArgs } from "node:util";

/** Every so manieth scenario is a sample. */
export const SAMPLE_SHARE = 10;

const parts = ["training", "development", "sealed", "all"];

export const actHelp = `How often small models do the right thing: nanoagent, llama-server with the same file, and words alone.

Usage: pnpm bench:act [options]

Options
  --sample          a tenth of the scenarios, evenly spread
  --part PART       ${parts.join(", ")} (default development)
  --scenarios PATH  a file of scenarios, or a folder of them (default: the built-in ones)
  --json            one JSON document on stdout
  --help            this text

Environment
  NANOAGENT_ACT_MODELS  GGUF files, separated by "${path.delimiter}"
  LLAMA_SERVER          the program llama-server; without it its column is not measured

Runs the packages as they were built last (npm start builds them).
Exit code: 0; 1 when nanoagent could not be measured with a model; 2 for a wrong option.
`;

/**
 * @typedef {object} ActOptions
 * @property {boolean} sample
 * @property {string | undefined} part undefined for all
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
 * @throws {TypeError} for an option that there is not, and without models
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
  if (!parts.includes(values.part)) throw new TypeError(`--part takes ${parts.join(", ")}, not "${values.part}"`);
  const models = (environment.NANOAGENT_ACT_MODELS ?? "").split(path.delimiter).filter((file) => file !== "");
  if (models.length === 0 && !values.help) throw new TypeError("NANOAGENT_ACT_MODELS names no model");
  return {
    ...values,
    part: values.part === "all" ? undefined : values.part,
    scenarios: values.scenarios,
    models,
    serverProgram: environment.LLAMA_SERVER || undefined,
  };
}
