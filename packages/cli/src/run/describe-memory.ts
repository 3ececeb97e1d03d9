import type { MemoryPressureEvent, MemoryReport } from "@nanoagent/runtime";
import { formatFields } from "../output/format.js";

const actions: Record<MemoryPressureEvent["action"], string> = {
  "trim-window": "less of the conversation is shown to the model",
  "drop-saved-state": "the saved state is deleted",
  "smaller-batch": "the model is loaded with a smaller batch",
  "smaller-context": "the model is loaded with a smaller context",
  "unload-when-idle": "the model is unloaded between messages",
  refuse: "messages are refused until there is more",
};

const toolsHeldBy: Record<NonNullable<MemoryReport["tools_enforcement"]>, string> = {
  "cgroup-v2": "held by a cgroup of their own",
  "cgroup-v1": "held by a cgroup of their own",
  watch: "each with RLIMIT_DATA, all watched ten times a second",
  none: "not enforced: this system offers nothing for it",
};

const reasons: Record<MemoryPressureEvent["reason"], (used: string, limit: string) => string> = {
  "own-limit": (used, limit) => `the agent takes ${used} of its ${limit} MB`,
  device: (used, limit) => `${used} of the device's ${limit} MB are taken`,
  paging: () => "the engine only waits for pages from storage",
};

/** One line for a step that was taken because memory ran short. */
export function describePressure({ reason, action, used_bytes, limit_bytes }: MemoryPressureEvent): string {
  return `note: memory is short (${reasons[reason](mb(used_bytes), mb(limit_bytes))}): ${actions[action]}.\n`;
}

/** `/memory`: what is taken of the budget, by whom, and who holds it to that. */
export function describeMemory(report: MemoryReport): string {
  const { engine, device } = report;
  const fields: Record<string, string> = {
    Budget: `${mb(report.used_bytes)} of ${mb(report.limit_bytes)} MB taken`,
    Program: `${mb(report.program_bytes)} MB`,
  };
  if (report.tools_enforcement !== null) {
    fields.Tools = `${mb(report.tools_bytes)} of ${mb(report.tools_limit_bytes ?? 0)} MB, ${toolsHeldBy[report.tools_enforcement]}`;
  }
  if (engine !== null) {
    const { process, plan } = engine;
    fields.Engine = !engine.is_loaded
      ? "not loaded; the next message loads it"
      : process === null
        ? engine.enforcement === "none"
          ? "in this program"
          : "not told by this system"
        : `${mb(process.proportional_bytes ?? process.anonymous_bytes + process.file_bytes)} MB (${mb(process.anonymous_bytes)} private, ${mb(process.file_bytes)} mapped from files)`;
    if (plan !== null) {
      const loaded = plan.maps_file ? "weights mapped from the file" : "weights read into memory";
      const { context_tokens, longest_context_tokens = context_tokens } = plan;
      const longest = longest_context_tokens > context_tokens ? ` (${longest_context_tokens} would fit)` : "";
      fields.Model = `${context_tokens} tokens of context${longest} in ${plan.kv_type}, batch ${plan.batch_tokens}, ${loaded}`;
      fields.Admitted = `${mb(plan.ledger.peak_resident_bytes)} MB by the file's header`;
    }
    fields["Held by"] = engine.enforcement_detail;
    if (engine.pressure !== null) fields.Pressure = actions[engine.pressure];
  }
  if (device !== null) {
    const limit = device.limit_bytes === null ? "" : ` (${device.limit_source} at ${mb(device.limit_bytes)} MB)`;
    fields.Device = `${mb(device.available_bytes)} of ${mb(device.total_bytes)} MB free${limit}`;
  }
  if (report.program_code_bytes > 0) {
    const code = mb(report.program_code_bytes);
    fields.Code = `${code} MB mapped from the program's files, not counted: the system can drop it`;
  }
  return formatFields(10, fields);
}

function mb(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(bytes < 100 * 2 ** 20 ? 1 : 0);
}
