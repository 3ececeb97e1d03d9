import { fileURLToPath } from "node:url";
import { failedRow, reportRow } from "./report-row.mjs";
import { summarizeSamples } from "./summarize-samples.mjs";

const IDLE_MILLISECONDS = 30_000;

const idleProgram = fileURLToPath(new URL("./sit-idle.mjs", import.meta.url));

/**
 * All the memory of a process in which an agent has answered once and waits, and of one that only waits.
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
    { name: "bare", subject: "node that waits", args: ["-e", bareProgram] },
    { name: "nanoagent", subject: "nanoagent that waits", args: [idleProgram, folder] },
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
      const words = { subject, measure: "RSS in all", unit: /** @type {const} */ ("MB") };
      rows.push(reportRow(["idle", name, "memory"], words, summarizeSamples(megabytes)));
    } catch (error) {
      rows.push(failedRow(["idle", name], subject, error));
    }
  }
  return rows;
}
