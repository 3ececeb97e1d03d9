import { readFileSync } from "node:fs";

/**
 * The most memory that this process has had resident, in bytes. On Linux from VmHWM: `maxRSS` may still show the
 * parent's memory, from before the exec.
 */
export function peakMemoryBytes() {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS * 1024;
  return Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1]) * 1024;
}
