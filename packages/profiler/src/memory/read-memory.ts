import { isLinux } from "../is-linux.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";
import { linuxMeminfo } from "./linux-meminfo.js";
import { plausibleBytes } from "./plausible-bytes.js";

/** Assumed memory if it is unknown: small enough that plans based on it fit most devices. */
export const UNKNOWN_MEMORY_BYTES = 512 * 2 ** 20;

/** Memory of the whole machine, regardless of limits on this process. */
export interface SystemMemory {
  /** RAM; null if unknown. */
  totalBytes: number | null;
  /** Memory that is available without swapping, at most the total; null if unknown. */
  availableBytes: number | null;
}

/** Reads the memory of a machine: on Linux from the kernel, otherwise from the interface of the operating system. */
export async function readMemory(machine: Machine): Promise<SystemMemory> {
  const counted = isLinux(machine) ? await linuxMeminfo(machine) : new Map<string, number>();
  const totalBytes = plausibleBytes(counted.get("MemTotal")) ?? plausibleBytes(machine.totalMemoryBytes);
  const countedBytes = plausibleBytes(countedAsAvailable(counted));
  const availableBytes =
    countedBytes === null
      ? plausibleBytes(machine.availableMemoryBytes)
      : countedBytes + (await zfsCacheBytes(machine));
  if (totalBytes === null || availableBytes === null) return { totalBytes, availableBytes };
  return { totalBytes, availableBytes: Math.min(availableBytes, totalBytes) };
}

/**
 * Returns `MemAvailable`. Without it (before Linux 3.14, or 0 in old lxcfs) returns free memory plus the caches of
 * files and names, less memory that cannot be reclaimed immediately: shared memory, locked pages, dirty pages.
 */
function countedAsAvailable(meminfo: ReadonlyMap<string, number>): number | undefined {
  const available = meminfo.get("MemAvailable");
  const free = meminfo.get("MemFree");
  if (available || free === undefined) return available;
  const sum = (...names: string[]) => names.reduce((bytes, name) => bytes + (meminfo.get(name) ?? 0), 0);
  const isListed = meminfo.has("Active(file)") && meminfo.has("Inactive(file)");
  const files = isListed ? sum("Active(file)", "Inactive(file)") : sum("Buffers", "Cached") - sum("Shmem", "Mlocked");
  return free + Math.max(0, files - sum("Dirty", "Writeback")) + sum("SReclaimable");
}

/** Machines without ZFS, cached to reduce reads. */
const withoutZfs = new WeakSet<Machine>();
/** Most bytes of ZFS `arcstats`, which has 4 to 6 KB. */
const MAX_ARC_BYTES = 16_384;

/** Returns the reclaimable cache of ZFS in bytes, which the kernel does not count as available. 0 without ZFS. */
async function zfsCacheBytes(machine: Machine): Promise<number> {
  if (withoutZfs.has(machine)) return 0;
  const text = await readOrNull(machine, "/proc/spl/kstat/zfs/arcstats", MAX_ARC_BYTES);
  if (text === null) withoutZfs.add(machine);
  const figure = (name: string) =>
    Number(new RegExp(`^${name}\\s+\\d+\\s+(\\d+)$`, "m").exec(text ?? "")?.[1] ?? Number.NaN);
  const bytes = figure("size") - figure("c_min");
  return Math.max(0, Number.isNaN(bytes) ? 0 : bytes);
}
