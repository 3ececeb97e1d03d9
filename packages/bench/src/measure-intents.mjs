import { fileURLToPath } from "node:url";
import { failedRow, reportRow } from "./report-row.mjs";
import { summarizeSamples } from "./summarize-samples.mjs";

const INTENTS_MILLISECONDS = 60_000;
/** Templates that one config may come to, and far more than anybody writes. */
const USUAL_TEMPLATES = 1000;
const MANY_TEMPLATES = 50_000;

const intentsProgram = fileURLToPath(new URL("./match-intents.mjs", import.meta.url));

/**
 * What it takes to load many sentences, and to answer a message by one of them: a fresh process each time. No peer has
 * anything of the kind.
 *
 * @param {import("./workbench.mjs").Workbench} workbench
 * @param {string} folder with the runtime installed
 * @param {number} runs
 * @param {(what: string) => void} progress
 * @returns {Promise<import("./report-row.mjs").Row[]>}
 */
export async function measureIntents(workbench, folder, runs, progress) {
  return measureTemplates(workbench, folder, runs, progress, { templates: USUAL_TEMPLATES, key: "nanoagent" });
}

/**
 * The same with as many sentences as a generated config may have.
 *
 * @param {import("./workbench.mjs").Workbench} workbench
 * @param {string} folder with the runtime installed
 * @param {number} runs
 * @param {(what: string) => void} progress
 * @returns {Promise<import("./report-row.mjs").Row[]>}
 */
export async function measureManyIntents(workbench, folder, runs, progress) {
  return measureTemplates(workbench, folder, runs, progress, { templates: MANY_TEMPLATES, key: "nanoagent-many" });
}

/**
 * @param {import("./workbench.mjs").Workbench} workbench
 * @param {string} folder
 * @param {number} runs
 * @param {(what: string) => void} progress
 * @param {{ templates: number, key: string }} wanted
 * @returns {Promise<import("./report-row.mjs").Row[]>}
 */
async function measureTemplates(workbench, folder, runs, progress, { templates, key }) {
  const subject = `${templates.toLocaleString("en")} templates × 50 values`;
  /** @type {import("./match-intents.mjs").IntentsResult[]} */
  const results = [];
  try {
    for (let run = 1; run <= runs; run++) {
      progress(`intents: ${subject}, run ${run} of ${runs}`);
      const options = { cwd: workbench.folder, timeLimitMilliseconds: INTENTS_MILLISECONDS };
      const { stdout } = await workbench.run(process.execPath, [intentsProgram, folder, String(templates)], options);
      results.push(JSON.parse(stdout));
    }
  } catch (error) {
    return [failedRow(["intents", key], subject, error)];
  }
  const row = (
    /** @type {string} */ name,
    /** @type {string} */ measure,
    /** @type {"ms" | "µs" | "MB"} */ unit,
    /** @type {(result: import("./match-intents.mjs").IntentsResult) => number} */ read,
  ) => reportRow(["intents", key, name], { subject, measure, unit }, summarizeSamples(results.map(read)));
  return [
    row("load", "to load them", "ms", ({ loadMilliseconds }) => loadMilliseconds),
    row("load-cpu", "to load them, CPU time", "ms", ({ loadCpuMilliseconds }) => loadCpuMilliseconds),
    row("held", "held of them", "MB", ({ heldBytes }) => heldBytes / 2 ** 20),
    row("match", "a message that one answers", "µs", ({ hitMicroseconds }) => hitMicroseconds),
    row("miss", "a message that none answers", "µs", ({ missMicroseconds }) => missMicroseconds),
    row("hostile", "2,000 characters that come near many", "µs", ({ hostileMicroseconds }) => hostileMicroseconds),
  ];
}
