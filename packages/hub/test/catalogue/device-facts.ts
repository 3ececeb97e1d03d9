import { BYTES_PER_MB } from "@nanoagent/models";
import type { PlanFacts } from "@nanoagent/optimizer";

/** Returns the facts of a board with four ARM cores and a memory budget of three quarters of its memory. */
export function deviceFacts(memoryMb: number): PlanFacts {
  return {
    device: { device_id: "board", platform: "linux-aarch64", memory_mb: memoryMb, cpu_cores: 4, has_gpu: false },
    cpuFeatures: ["asimddp"],
    budgetBytes: memoryMb * 0.75 * BYTES_PER_MB,
  };
}
