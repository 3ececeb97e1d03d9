import { fileURLToPath } from "node:url";
import { failedRow, reportRow } from "./report-row.mjs";
import { summarizeSamples } from "./summarize-samples.mjs";

const IDLE_MILLISECONDS = 30_000;

const idleProgram = fileURLToPath(new URL("./sit-idle.mjs", import.meta.url));

/**
 * Measures the memory of a process with an agent that answered once and waits, and of a Node process that only waits.
 *
 * @param {import("./workbench.mjs").Workbench} workbench
 * @param {string} folder with the runtime installed
 * @param {number} runs
 * @param {(what: string) => void} progress
 * @returns {Promise<import("./report-row.mjs").Row[]>}
 */
export async function measureIdle(workbench, folder, runs, progress) {
  const bareProgram = "setTimeout(() => process.stdout.write(String(process.memoryUsage.rss())), 2000)";
  const subjects = [
    { name: "bare", subject: "idle Node", args: ["-e", bareProgram] },
    { name: "nanoagent", subject: "idle nanoagent", args: [idleProgram, folder] },
  ];
  /** @type {import("./report-row.mjs").Row[]} */
  const rows = [];
  for (const { name, subject, args } of subjects) {
    progress(`idle: ${subject}`);
    try {
      const megabytes = [];
      for (let run = 0; run < runs; run++) {
        const options = { cwd: workbench.folder, timeLimitMilliseconds: IDLE_MILLISECONDS };
        const { stdout } = await workbench.run(process.execPath, args, options);
        megabytes.push(Number(stdout) / 2 ** 20);
      }
      const words = { subject, measure: "total RSS", unit: /** @type {const} */ ("MB") };
      rows.push(reportRow(["idle", name, "memory"], words, summarizeSamples(megabytes)));
    } catch (error) {
      rows.push(failedRow(["idle", name], subject, error));
    }
  }
  return rows;
}
