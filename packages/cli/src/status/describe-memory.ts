import { BYTES_PER_MB } from "@nanoagent/models";
import type { MemoryFacts } from "@nanoagent/server";

/** Number of the last step against memory pressure. */
const LAST_STEP = 6;

/**
 * Describes the memory of a service: `90 of 256 MB (engine 60, program 28, tools 2)`, and the step in force where memory is
 * short. A service of an earlier version reports no parts.
 */
export function describeMemory(memory: Pick<MemoryFacts, "used_bytes" | "limit_bytes"> & Partial<MemoryFacts>): string {
  const { used_bytes, limit_bytes, engine_bytes, program_bytes, tools_bytes, pressure, pressure_step } = memory;
  const sum = `${megabytes(used_bytes)} of ${megabytes(limit_bytes)} MB`;
  const hasParts = engine_bytes !== undefined && program_bytes !== undefined && tools_bytes !== undefined;
  const parts = hasParts
    ? ` (engine ${megabytes(engine_bytes)}, program ${megabytes(program_bytes)}, tools ${megabytes(tools_bytes)})`
    : "";
  if (!pressure) return sum + parts;
  const step = pressure_step === undefined ? "" : ` (step ${pressure_step} of ${LAST_STEP})`;
  return `${sum}${parts}; memory is short, in force: ${pressure}${step}`;
}

function megabytes(bytes: number): number {
  return Math.round(bytes / BYTES_PER_MB);
}
