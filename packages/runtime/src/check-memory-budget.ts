import { BYTES_PER_MB, type NanoAgentConfig } from "@nanoagent/models";
import type { Engine } from "./engines/engine.js";
import { engineTypeOf } from "./engines/engine-kinds.js";
import type { OpenEngineOptions } from "./engines/engine-options.js";
import type { MemoryPressureEvent } from "./memory/memory-report.js";
import { megabytes } from "./memory/over-budget.js";
import { ownResidentBytes } from "./memory/own-resident-bytes.js";
import { ProgramBudget } from "./memory/program-budget.js";
import { NanoRuntimeError } from "./nano-runtime-error.js";

/** Room above the present size in a suggested budget: sizes vary from start to start, and the history grows. */
const HEADROOM_MB = 12;

type Budgeted = Pick<NanoAgentConfig, "spec" | "device">;

/** Refuses, with `insufficient-memory`, an agent that may take more memory than its device has. */
export function checkMemoryBudget({ spec, device }: Budgeted): void {
  if (spec.max_memory_mb <= device.memory_mb) return;
  throw new NanoRuntimeError({
    code: "insufficient-memory",
    message: `Agent requires ${spec.max_memory_mb} MB but device only has ${device.memory_mb} MB.`,
    hint: `Lower spec.max_memory_mb to ${device.memory_mb} or less, or run the agent on a larger device.`,
  });
}

/**
 * Opens the budget of an agent that has just been loaded; null where its engine holds the budget itself. Refuses, with
 * `insufficient-memory`, an agent whose budget is smaller than what it takes already.
 */
export async function openProgramBudget(
  config: NanoAgentConfig,
  engine: Pick<Engine, "memory">,
  options: Pick<OpenEngineOptions, "ownsProgram" | "memory" | "baseBytes">,
): Promise<ProgramBudget | null> {
  if (engine.memory !== undefined && config.engine?.isolation !== "none") return null;
  const { ownsProgram = false, baseBytes = 0 } = options;
  const { spec, device, tools = [], mcp_servers = {} } = config;
  const limitBytes = Math.min(spec.max_memory_mb, device.memory_mb) * BYTES_PER_MB;
  const budget = new ProgramBudget({
    limitBytes,
    ownsProgram,
    baseBytes,
    hasToolProcesses: tools.length > 0 || Object.keys(mcp_servers).length > 0,
    measure: async () => {
      // Processes are read with Node; this module needs none.
      const { measureProgram } = await import("#node-parts");
      return measureProgram(limitBytes, options);
    },
  });
  const pressure = await budget.check();
  if (pressure !== null) throw tooSmall(config, pressure, options);
  return budget;
}

/**
 * Refuses, with `insufficient-memory`, an agent whose budget is smaller than this program, which is the agent's alone. An
 * agent with a local model in a process of its own is left to the plan of the model.
 */
export async function checkProgramSize(config: NanoAgentConfig): Promise<void> {
  if (engineTypeOf(config) === "llama" && config.engine?.isolation !== "none") return;
  await openProgramBudget(config, {}, { ownsProgram: true });
}

function tooSmall(
  { device }: Budgeted,
  { used_bytes, limit_bytes }: MemoryPressureEvent,
  { ownsProgram = false, baseBytes = 0 }: Pick<OpenEngineOptions, "ownsProgram" | "baseBytes">,
): NanoRuntimeError {
  // Shared pages count by their share, which grows when another program ends; resident memory is the most it can be.
  const most = Math.max(used_bytes, (ownResidentBytes() ?? 0) - (ownsProgram ? 0 : baseBytes));
  const enoughMb = Math.ceil(most / BYTES_PER_MB) + HEADROOM_MB;
  return new NanoRuntimeError({
    code: "insufficient-memory",
    message: `The agent takes ${megabytes(used_bytes)} MB before its first message and may take ${megabytes(limit_bytes)} MB.`,
    reason: ownsProgram
      ? "The whole program counts, with the processes of its tools."
      : "What this program has grown by since the agent was loaded counts, with the processes of its tools.",
    hint:
      enoughMb <= device.memory_mb
        ? `Set spec.max_memory_mb to ${enoughMb} or more.`
        : `Run the agent on a device with at least ${enoughMb} MB.`,
  });
}
