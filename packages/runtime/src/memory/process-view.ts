import { getHeapStatistics } from "node:v8";
import { BYTES_PER_MB } from "@nanoagent/models";
import type { ProcessView } from "./memory-account.js";
import type { ProcessShare } from "./memory-report.js";
import { ownResidentBytes } from "./own-resident-bytes.js";

/** Private memory of Node besides the V8 heap: stacks, compiled code, buffers. Measured on Linux: 13 to 16 MB. */
const NATIVE_BYTES = 16 * BYTES_PER_MB;

/**
 * Returns a view of this machine's processes, read by the profiler. Without it, or if the system does not report
 * processes, the view has only the size of this program.
 */
export function processView(profiler: typeof import("@nanoagent/profiler") | null): ProcessView {
  const machine = profiler === null ? null : new profiler.LocalMachine();
  return {
    memory: async (processId, options) => {
      const memory = machine && (await profiler?.readProcessMemory(machine, processId, options));
      return memory ?? ownMemory(processId);
    },
    majorFaults: async (processId) => (machine && (await profiler?.readMajorFaults(machine, processId))) ?? null,
  };
}

/** Estimates the parts of this program's memory from V8's figures. */
function ownMemory(processId: number): ProcessShare | null {
  if (processId !== process.pid) return null;
  const rss = ownResidentBytes();
  if (rss === null) return null;
  const { total_heap_size: heapTotal, external_memory: external } = getHeapStatistics();
  const anonymous_bytes = Math.min(rss, heapTotal + external + NATIVE_BYTES);
  return { anonymous_bytes, file_bytes: rss - anonymous_bytes, shared_bytes: 0, proportional_bytes: null };
}
