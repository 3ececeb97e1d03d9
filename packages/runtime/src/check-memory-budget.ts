import { BYTES_PER_MB, type NanoAgentConfig } from "@nanoagent/models";
import type { Engine } from "./engines/engine.js";
import { engineTypeOf } from "./engines/engine-kinds.js";
import type { OpenEngineOptions } from "./engines/engine-options.js";
import { megabytes } from "./memory/over-budget.js";
import { ProgramBudget } from "./memory/program-budget.js";
import { LOADED_PROGRAM_BYTES, PROGRAM_GROWTH_BYTES } from "./memory/program-share.js";
import { NanoRuntimeError } from "./nano-runtime-error.js";

type Budgeted = Pick<NanoAgentConfig, "spec" | "device">;

/** Throws `insufficient-memory` if an agent's memory budget exceeds its device's memory. */
export function checkMemoryBudget({ spec, device }: Budgeted): void {
  if (spec.max_memory_mb <= device.memory_mb) return;
  throw new NanoRuntimeError({
    code: "insufficient-memory",
    message: `Agent requires ${spec.max_memory_mb} MB but device only has ${device.memory_mb} MB.`,
    hint: `Lower spec.max_memory_mb to ${device.memory_mb} or less, or run the agent on a larger device.`,
  });
}

/**
 * Opens the budget of an agent that was just loaded, or returns null if its engine enforces the budget. Throws
 * `insufficient-memory` if the agent already uses more than its budget.
 */
export async function openProgramBudget(
  config: NanoAgentConfig,
  engine: Pick<Engine, "memory">,
  options: Pick<OpenEngineOptions, "ownsProgram" | "memory" | "baseBytes" | "toolMemory">,
): Promise<ProgramBudget | null> {
  if (engine.memory !== undefined && config.engine?.isolation !== "none") return null;
  const { ownsProgram = false, baseBytes = 0 } = options;
  const { tools = [], mcp_servers = {} } = config;
  const limitBytes = limitOf(config);
  const budget = new ProgramBudget({
    limitBytes,
    ownsProgram,
    baseBytes,
    hasToolProcesses: tools.length > 0 || Object.keys(mcp_servers).length > 0,
    measure: async () => {
      // Reading process memory needs Node; this module does not.
      const { measureProgram } = await import("#node-parts");
      return measureProgram(limitBytes, { ...options, hasModelInside: engine.memory !== undefined });
    },
  });
  const pressure = await budget.check();
  const needed = Math.max(pressure?.used_bytes ?? 0, ownsProgram ? LOADED_PROGRAM_BYTES : 0);
  if (needed > limitBytes) throw tooSmall(config, needed);
  return budget;
}

/**
 * Throws `insufficient-memory` if the budget is smaller than a program that runs only this agent. The program's size is
 * a constant, so that the same config always gets the same result. The plan of a local model includes the program.
 */
export function checkProgramSize(config: NanoAgentConfig): void {
  if (engineTypeOf(config) === "llama") return;
  if (limitOf(config) < LOADED_PROGRAM_BYTES) throw tooSmall(config, LOADED_PROGRAM_BYTES);
}

function limitOf({ spec, device }: Budgeted): number {
  return Math.min(spec.max_memory_mb, device.memory_mb) * BYTES_PER_MB;
}

function tooSmall(config: Budgeted, usedBytes: number): NanoRuntimeError {
  const { device } = config;
  const limitMb = megabytes(limitOf(config));
  const enoughMb = Math.ceil((usedBytes + PROGRAM_GROWTH_BYTES) / BYTES_PER_MB);
  return new NanoRuntimeError({
    code: "insufficient-memory",
    message: `The agent uses ${megabytes(usedBytes)} MB before its first message; its limit is ${limitMb} MB.`,
    reason: "This includes the program and the processes of its tools.",
    hint:
      enoughMb <= device.memory_mb
        ? `Set spec.max_memory_mb to ${enoughMb} or more.`
        : `Run the agent on a device with at least ${enoughMb} MB, and set spec.max_memory_mb to ${enoughMb} or more.`,
  });
}
