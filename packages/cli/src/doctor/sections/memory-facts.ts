import { BYTES_PER_MB } from "@nanoagent/models";
import { DeviceMemoryProbe, LocalMachine } from "@nanoagent/profiler";
import { canLimitProcesses, readDataLimit } from "@nanoagent/runtime/program";
import type { ExaminedConfig } from "../examined-config.js";
import type { PartFacts } from "../report-section.js";

/** Gathers the agent's budget with its plan, if the check has made one, and the limits on this process. */
export async function gatherMemory(examined: ExaminedConfig): Promise<PartFacts> {
  const reading = await new DeviceMemoryProbe({ machine: new LocalMachine() }).read();
  const budget = (await examined.config())?.spec.max_memory_mb ?? null;
  const model = examined.checked?.report.model ?? null;
  const data = {
    max_memory_mb: budget,
    ...reading,
    data_limit_bytes: readDataLimit(process.pid),
    can_limit_processes: canLimitProcesses(),
    plan: model?.plan ?? null,
    plan_budget_mb: model === null ? null : Math.round(model.budgetBytes / BYTES_PER_MB),
  };
  const available = `${Math.round(reading.available_bytes / BYTES_PER_MB)} MB available`;
  const limit = reading.limit_bytes === null ? "" : `, limit ${Math.round(reading.limit_bytes / BYTES_PER_MB)} MB`;
  const summary = `${budget === null ? "" : `budget ${budget} MB, `}${available}${limit}`;
  return { summary, data };
}
