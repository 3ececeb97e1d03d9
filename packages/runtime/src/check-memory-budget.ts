import type { NanoAgentConfig } from "@nanoagent/models";
import { NanoRuntimeError } from "./nano-runtime-error.js";

/** Refuses, with `insufficient-memory`, an agent that may take more memory than its device has. */
export function checkMemoryBudget({ spec, device }: Pick<NanoAgentConfig, "spec" | "device">): void {
  if (spec.max_memory_mb <= device.memory_mb) return;
  throw new NanoRuntimeError({
    code: "insufficient-memory",
    message: `Agent requires ${spec.max_memory_mb} MB but device only has ${device.memory_mb} MB.`,
    hint: `Lower spec.max_memory_mb to ${device.memory_mb} or less, or run the agent on a larger device.`,
  });
}
