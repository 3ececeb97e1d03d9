import type { MemoryProbe, NanoAgentConfig } from "@nanoagent/models";
import type { Engine } from "./engines/engine.js";
import type { EngineOptions } from "./engines/engine-options.js";
import type { MemoryReport, ProcessShare } from "./memory/memory-report.js";
import { residentBytes } from "./memory/resident-bytes.js";
import { runningPrograms } from "./processes/launch-program.js";

const BYTES_PER_MB = 2 ** 20;

/** What an agent takes of its budget. `baseBytes` is what this program had resident when the agent was loaded. */
export async function reportMemory(
  { spec, device }: NanoAgentConfig,
  engine: Engine,
  { memory, ownsProgram = false }: EngineOptions,
  baseBytes: number,
): Promise<MemoryReport> {
  // Without the profiler the program knows its own size, and nothing of the device.
  const profiler = await import("@nanoagent/profiler").catch(() => null);
  const machine = profiler === null ? null : new profiler.LocalMachine();
  const read = async (pid: number) =>
    machine === null || profiler === null ? null : profiler.readProcessMemory(machine, pid);
  const own = await read(process.pid);
  const tools = await Promise.all(runningPrograms().map(read));
  const tools_bytes = tools.reduce((sum, memory) => sum + (shareOf(memory) ?? 0), 0);
  const probe: MemoryProbe | null = memory ?? (profiler === null ? null : new profiler.DeviceMemoryProbe());
  const engineMemory = (await engine.memory?.()) ?? null;
  const resident = residentBytes() ?? 0;
  const program_bytes = ownsProgram ? (shareOf(own) ?? resident) : Math.max(0, resident - baseBytes);
  return {
    limit_bytes: Math.min(spec.max_memory_mb, device.memory_mb) * BYTES_PER_MB,
    used_bytes: program_bytes + tools_bytes + (shareOf(engineMemory?.process ?? null) ?? 0),
    program_bytes,
    tools_bytes,
    engine: engineMemory,
    device: (await probe?.read()) ?? null,
  };
}

function shareOf(memory: ProcessShare | null): number | null {
  if (memory === null) return null;
  return memory.proportional_bytes ?? memory.anonymous_bytes + memory.file_bytes + memory.shared_bytes;
}
