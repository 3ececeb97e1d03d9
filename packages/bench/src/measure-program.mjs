import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { programFile } from "./installations.mjs";
import { failedRow, reportRow } from "./report-row.mjs";
import { slowdown } from "./slowdown.mjs";
import { summarizeSamples } from "./summarize-samples.mjs";
import { SESSION_TURNS } from "./talk-limits.mjs";
import { measuredEnvironment } from "./workbench.mjs";

/** @typedef {import("./report-row.mjs").Row} Row */
/** @typedef {{ seconds: number, lastMicroseconds: number, slowdown: number, growthBytes: number }} ProgramSession */

const SESSION_MILLISECONDS = 300_000;
/** Turns that are left out of the slowdown: V8 still compiles, which would hide a session that slows down. */
const WARM_TURNS = 2000;
const SUBJECT = "nanoagent run, rules engine";

/**
 * Measures a long session with the program, over pipes as a script would use it.
 *
 * @param {import("./workbench.mjs").Workbench} workbench
 * @param {string} folder with the program installed
 * @param {number} runs
 * @param {(what: string) => void} progress
 * @returns {Promise<Row[]>}
 */
export async function measureProgram(workbench, folder, runs, progress) {
  const config = path.join(workbench.folder, "program.json");
  const device = { device_id: "bench", platform: "linux-x86_64", memory_mb: 1024, cpu_cores: 2 };
  writeFileSync(config, JSON.stringify({ spec: { name: "bench-agent" }, device }));
  try {
    const sessions = [];
    for (let run = 1; run <= runs; run++) {
      progress(`program: ${SESSION_TURNS.toLocaleString("en")} turns, run ${run} of ${runs}`);
      sessions.push(await talk([programFile(folder), "run", "--config", config, "--jsonl"], workbench.folder));
    }
    return programRows(sessions);
  } catch (error) {
    return [failedRow(["program", "nanoagent"], SUBJECT, error)];
  }
}

/** @param {readonly ProgramSession[]} sessions @returns {Row[]} */
export function programRows(sessions) {
  const row = (
    /** @type {string} */ name,
    /** @type {string} */ measure,
    /** @type {import("./report-row.mjs").Unit} */ unit,
    /** @type {(session: ProgramSession) => number} */ read,
  ) =>
    reportRow(
      ["program", "nanoagent", name],
      { subject: SUBJECT, measure, unit },
      summarizeSamples(sessions.map(read)),
    );
  return [
    row("time", `${SESSION_TURNS.toLocaleString("en")} turns`, "s", ({ seconds }) => seconds),
    row("last-turn", "a turn at the end, including pipes", "µs", ({ lastMicroseconds }) => lastMicroseconds),
    row("slowdown", "last ÷ first turns, after the first 2,000", "×", (session) => session.slowdown),
    row("growth", "RSS, end − first reply", "MB", ({ growthBytes }) => growthBytes / 2 ** 20),
  ];
}

/** @param {string[]} args @param {string} cwd @returns {Promise<ProgramSession>} */
async function talk(args, cwd) {
  const child = spawn(process.execPath, args, { cwd, env: measuredEnvironment(), stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said = (said + text).slice(-500);
  });
  // If the program ends early, its exit reports it.
  child.stdin.on("error", () => {});
  const timer = setTimeout(() => child.kill("SIGKILL"), SESSION_MILLISECONDS);
  const replies = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (/** @type {number} */ turn) => {
    const content = `Reading ${turn}: please look at the pressure of pump three again.`;
    const began = performance.now();
    child.stdin.write(`${JSON.stringify({ content })}\n`);
    const { value, done } = await replies.next();
    if (done || !value.includes(content)) throw new Error(`the reply to turn ${turn} was "${value}": ${said.trim()}`);
    return (performance.now() - began) * 1000;
  };
  try {
    await ask(0);
    const before = residentBytes(child.pid ?? 0);
    const began = performance.now();
    const turns = new Float64Array(SESSION_TURNS);
    for (let turn = 0; turn < SESSION_TURNS; turn++) turns[turn] = await ask(turn + 1);
    const seconds = (performance.now() - began) / 1000;
    const growthBytes = residentBytes(child.pid ?? 0) - before;
    return { seconds, growthBytes, ...slowdown(turns.subarray(WARM_TURNS)) };
  } finally {
    clearTimeout(timer);
    child.kill("SIGKILL");
  }
}

/** @param {number} processId */
function residentBytes(processId) {
  return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${processId}/status`, "utf8"))?.[1]) * 1024;
}
