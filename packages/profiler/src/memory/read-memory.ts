import type { Machine } from "../machine.js";
import { linuxMeminfo } from "./linux-meminfo.js";

/** No processor of today addresses more: 52 bits is the widest physical address of x86-64 and arm64. */
const MAX_MEMORY_BYTES = 2 ** 52;

export interface MemoryReading {
  /** RAM; null where it cannot be known. */
  totalBytes: number | null;
}

/** The memory of a machine: on Linux what the kernel counts, elsewhere and failing that what the OS interface says. */
export async function readMemory(machine: Machine): Promise<MemoryReading> {
  const isLinux = machine.platform === "linux" || machine.platform === "android";
  const counted = isLinux ? (await linuxMeminfo(machine)).get("MemTotal") : undefined;
  return { totalBytes: plausible(counted) ?? plausible(machine.totalMemoryBytes) };
}

function plausible(bytes: number | undefined): number | null {
  return bytes !== undefined && bytes > 0 && bytes <= MAX_MEMORY_BYTES ? bytes : null;
}
