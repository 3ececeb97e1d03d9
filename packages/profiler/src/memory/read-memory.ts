import { isLinux } from "../is-linux.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";
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
  const countedBytes = plausibleBytes(countedAsAvailable(counted));
  const availableBytes =
    countedBytes === null
      ? plausibleBytes(machine.availableMemoryBytes)
      : countedBytes + (await zfsCacheBytes(machine));
  if (totalBytes === null || availableBytes === null) return { totalBytes, availableBytes };
  return { totalBytes, availableBytes: Math.min(availableBytes, totalBytes) };
}

/**
 * Returns `MemAvailable`. Before Linux 3.14 there is none and old lxcfs writes 0 there: then what lies free, and the caches
 * of files and names without what cannot be dropped at once: shared memory, locked pages, pages that are yet to be written.
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

/** Machines that were found to have no ZFS: a reading has few files. */
const withoutZfs = new WeakSet<Machine>();
/** `arcstats` of ZFS is 4 to 6 KB. */
const MAX_ARC_BYTES = 16_384;

/** Memory that ZFS uses as cache and gives back, in bytes: the kernel does not count it as available. 0 without ZFS. */
async function zfsCacheBytes(machine: Machine): Promise<number> {
  if (withoutZfs.has(machine)) return 0;
  const text = await readOrNull(machine, "/proc/spl/kstat/zfs/arcstats", MAX_ARC_BYTES);
  if (text === null) withoutZfs.add(machine);
  const figure = (name: string) =>
    Number(new RegExp(`^${name}\\s+\\d+\\s+(\\d+)$`, "m").exec(text ?? "")?.[1] ?? Number.NaN);
  const bytes = figure("size") - figure("c_min");
  return Math.max(0, Number.isNaN(bytes) ? 0 : bytes);
}
