import type { LoggedEvent } from "@nanoagent/server/triggers";
import { runProgram } from "../../run-program.js";

/** Most events that the log of the agent has. */
const ALL = "1000000";

/** Compares what people see with `nanoagent triggers log` with the log itself. Returns a sentence for each difference. */
export async function compareProgramLog(
  config: string,
  events: ReadonlyMap<string, LoggedEvent>,
): Promise<readonly string[]> {
  const [all, unknown] = await Promise.all([readLog(config, []), readLog(config, ["--unknown"])]);
  const differences: string[] = [];
  for (const { id, outcome } of all) {
    const known = events.get(id);
    if (known?.outcome !== outcome) differences.push(`triggers log says ${id} is ${outcome}, not ${known?.outcome}`);
  }
  const listed = new Set(unknown.map(({ id }) => id));
  for (const { id, outcome } of all) {
    if ((outcome === "unknown") !== listed.has(id)) differences.push(`triggers log --unknown differs for ${id}`);
  }
  if (all.length === 0) differences.push("triggers log is empty");
  return differences;
}

async function readLog(
  config: string,
  options: readonly string[],
): Promise<{ id: string; outcome: LoggedEvent["outcome"] }[]> {
  const args = ["triggers", "log", "--config", config, "--limit", ALL, "--json", ...options];
  const { stdout, stderr, exitCode } = await runProgram(args);
  if (exitCode !== 0) throw new Error(`nanoagent triggers log ended with ${exitCode}: ${stderr}`);
  const lines = stdout.split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line)).map(({ event, outcome }) => ({ id: event.id, outcome }));
}
