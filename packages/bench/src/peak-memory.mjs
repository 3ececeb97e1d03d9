import { readFileSync } from "node:fs";

/**
 * Returns the peak resident memory of this process, in bytes. On Linux from VmHWM: `maxRSS` can still show the memory
 * of the parent, from before the exec.
 */
export function peakMemoryBytes() {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS * 1024;
  return Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1]) * 1024;
}
