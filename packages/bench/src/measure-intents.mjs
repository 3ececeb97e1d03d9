import { fileURLToPath } from "node:url";
import { failedRow, reportRow } from "./report-row.mjs";
import { summarizeSamples } from "./summarize-samples.mjs";

const INTENTS_MILLISECONDS = 60_000;
const SUBJECT = "1,000 templates × 50 values";

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
  /** @type {import("./match-intents.mjs").IntentsResult[]} */
  const results = [];
  try {
    for (let run = 1; run <= runs; run++) {
      progress(`intents: ${SUBJECT}, run ${run} of ${runs}`);
      const options = { cwd: workbench.folder, timeLimitMilliseconds: INTENTS_MILLISECONDS };
      const { stdout } = await workbench.run(process.execPath, [intentsProgram, folder], options);
      results.push(JSON.parse(stdout));
    }
  } catch (error) {
    return [failedRow(["intents", "nanoagent"], SUBJECT, error)];
  }
  const row = (
    /** @type {string} */ name,
    /** @type {string} */ measure,
    /** @type {"ms" | "µs"} */ unit,
    /** @type {(result: import("./match-intents.mjs").IntentsResult) => number} */ read,
  ) =>
    reportRow(["intents", "nanoagent", name], { subject: SUBJECT, measure, unit }, summarizeSamples(results.map(read)));
  return [
    row("load", "to load them", "ms", ({ loadMilliseconds }) => loadMilliseconds),
    row("match", "a message that one answers", "µs", ({ hitMicroseconds }) => hitMicroseconds),
    row("miss", "a message that none answers", "µs", ({ missMicroseconds }) => missMicroseconds),
  ];
}
