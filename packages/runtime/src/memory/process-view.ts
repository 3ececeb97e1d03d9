import type { ProcessView } from "./memory-account.js";
import type { ProcessShare } from "./memory-report.js";

/**
 * Returns a view of this machine's processes by the profiler. Without it, and where the system does not report processes,
 * the view knows the size of this program alone.
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

function ownMemory(processId: number): ProcessShare | null {
  if (processId !== process.pid) return null;
  const anonymous_bytes = process.memoryUsage.rss();
  return { anonymous_bytes, file_bytes: 0, shared_bytes: 0, proportional_bytes: null };
}
