import { fileURLToPath } from "node:url";
import { failedRow, reportRow } from "./report-row.mjs";
import { summarizeSamples } from "./summarize-samples.mjs";

const TOOLS_MILLISECONDS = 60_000;
/** Numbers of tools: one, and the most that MCP servers may have together. */
const TOOL_COUNTS = [1, 500];

const toolsProgram = fileURLToPath(new URL("./turn-with-tools.mjs", import.meta.url));

/**
 * Measures the CPU time of a turn of the rules engine with few and many tools, in a fresh process each time.
 *
 * @param {import("./workbench.mjs").Workbench} workbench
 * @param {string} folder with the runtime installed
 * @param {number} runs
 * @param {(what: string) => void} progress
 * @returns {Promise<import("./report-row.mjs").Row[]>}
 */
export async function measureTools(workbench, folder, runs, progress) {
  /** @type {import("./report-row.mjs").Row[]} */
  const rows = [];
  for (const count of TOOL_COUNTS) {
    const subject = `${count} ${count === 1 ? "tool" : "tools"}`;
    /** @type {number[]} */
    const samples = [];
    try {
      for (let run = 1; run <= runs; run++) {
        progress(`tools: ${subject}, run ${run} of ${runs}`);
        const options = { cwd: workbench.folder, timeLimitMilliseconds: TOOLS_MILLISECONDS };
        const { stdout } = await workbench.run(process.execPath, [toolsProgram, folder, String(count)], options);
        samples.push(JSON.parse(stdout).turnMicroseconds);
      }
    } catch (error) {
      rows.push(failedRow(["turn", `tools-${count}`], subject, error));
      continue;
    }
    const shown = { subject, measure: "a turn, CPU time", unit: /** @type {const} */ ("µs") };
    rows.push(reportRow(["turn", `tools-${count}`, "cpu"], shown, summarizeSamples(samples)));
  }
  return rows;
}
