import { fileURLToPath } from "node:url";
import { failedRow, reportRow } from "./report-row.mjs";
import { summarizeSamples } from "./summarize-samples.mjs";

const INTENTS_MILLISECONDS = 60_000;
/** Number of templates in a large config, and in a generated one. */
const USUAL_TEMPLATES = 1000;
const MANY_TEMPLATES = 50_000;

const intentsProgram = fileURLToPath(new URL("./match-intents.mjs", import.meta.url));

/**
 * Measures loading many sentences and matching a message, in a fresh process each time. Peers have no such feature.
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
 * Like {@link measureIntents}, with the number of sentences of a generated config.
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
    row("load", "load", "ms", ({ loadMilliseconds }) => loadMilliseconds),
    row("load-cpu", "load, CPU time", "ms", ({ loadCpuMilliseconds }) => loadCpuMilliseconds),
    row("held", "heap", "MB", ({ heldBytes }) => heldBytes / 2 ** 20),
    row("match", "a message that matches", "µs", ({ hitMicroseconds }) => hitMicroseconds),
    row("miss", "a message that does not match", "µs", ({ missMicroseconds }) => missMicroseconds),
    row("hostile", "2,000 characters close to many sentences", "µs", ({ hostileMicroseconds }) => hostileMicroseconds),
  ];
}
