import { isLinux } from "../is-linux.js";
import type { Machine } from "../machine.js";
import { linuxMeminfo } from "./linux-meminfo.js";
import { plausibleBytes } from "./plausible-bytes.js";

/** Stands in where the memory cannot be known: small enough that a plan made with it fits most devices. */
export const UNKNOWN_MEMORY_BYTES = 512 * 2 ** 20;

/** The memory of a whole machine, whatever limit is put on this process. */
export interface SystemMemory {
  /** RAM; null where it cannot be known. */
  totalBytes: number | null;
  /** What could be taken now without swapping, never above the total; null where it cannot be known. */
  availableBytes: number | null;
}

/** The memory of a machine: on Linux what the kernel counts, elsewhere and failing that what the OS interface says. */
export async function readMemory(machine: Machine): Promise<SystemMemory> {
  const counted = isLinux(machine) ? await linuxMeminfo(machine) : new Map<string, number>();
  const totalBytes = plausibleBytes(counted.get("MemTotal")) ?? plausibleBytes(machine.totalMemoryBytes);
  const availableBytes = plausibleBytes(countedAsAvailable(counted)) ?? plausibleBytes(machine.availableMemoryBytes);
  if (totalBytes === null || availableBytes === null) return { totalBytes, availableBytes };
  return { totalBytes, availableBytes: Math.min(availableBytes, totalBytes) };
}

/**
 * `MemAvailable`; before Linux 3.14 there is none and old lxcfs writes 0 there: then what lies free, and the caches
 * less the shared memory that is counted among them but cannot be dropped.
 */
function countedAsAvailable(meminfo: ReadonlyMap<string, number>): number | undefined {
  const available = meminfo.get("MemAvailable");
  const free = meminfo.get("MemFree");
  if (available || free === undefined) return available;
  const field = (name: string) => meminfo.get(name) ?? 0;
  const caches = field("Buffers") + field("Cached") + field("SReclaimable") - field("Shmem");
  return free + Math.max(0, caches);
}
