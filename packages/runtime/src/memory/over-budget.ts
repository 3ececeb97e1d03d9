import { BYTES_PER_MB } from "@nanoagent/models";
import { NanoRuntimeError } from "../nano-runtime-error.js";
import type { MemoryPressureEvent } from "./memory-report.js";

/** Returns the error for a message that is refused because the agent exceeds its memory limit. */
export function overBudget({ used_bytes, limit_bytes }: MemoryPressureEvent): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "insufficient-memory",
    message: `The agent uses ${megabytes(used_bytes)} MB, but its limit is ${megabytes(limit_bytes)} MB.`,
    reason: "The message was refused to keep the memory budget.",
    hint: "Free memory in this program or end a tool, then resend the message; or raise spec.max_memory_mb.",
  });
}

/** Formats bytes in MB, with at most one decimal. */
export function megabytes(bytes: number): string {
  const value = bytes / BYTES_PER_MB;
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
