import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

/** Most bytes of a file with one number or word. */
const MAX_FIGURE_BYTES = 64;
/** Most bytes of `memory.stat`, which has 1 to 3 KB on current kernels. */
const MAX_STAT_BYTES = 16_384;

/** Reads a figure of a cgroup in bytes: Infinity for `max`, null if it cannot be read or is invalid. */
export async function readFigure(machine: Machine, path: string): Promise<number | null> {
  const text = (await readOrNull(machine, path, MAX_FIGURE_BYTES))?.trim() ?? "";
  if (text === "max") return Number.POSITIVE_INFINITY;
  return /^\d+$/.test(text) ? Number(text) : null;
}

/** Reads `memory.stat` of a cgroup, with lines such as `inactive_file 4096`; null if it cannot be read. */
export async function readStat(machine: Machine, path: string): Promise<ReadonlyMap<string, number> | null> {
  const text = await readOrNull(machine, path, MAX_STAT_BYTES);
  if (text === null) return null;
  const fields = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, name, figure] = /^(\w+) (\d+)$/.exec(line) ?? [];
    if (name !== undefined) fields.set(name, Number(figure));
  }
  return fields;
}

/**
 * Returns the used memory that the kernel cannot reclaim immediately; null if the usage is unknown. When a group is at
 * its limit, the kernel reclaims file pages, including active ones, and caches of names. Dirty pages stay; locked pages
 * and files in memory are in other lists. `prefix` selects the figures that include the groups below.
 */
export function usedBytes(
  usageBytes: number | null,
  stat: ReadonlyMap<string, number> | null,
  prefix: "" | "total_" = "",
): number | null {
  if (usageBytes === null || !Number.isSafeInteger(usageBytes)) return null;
  const sum = (names: readonly string[]) => names.reduce((bytes, name) => bytes + (stat?.get(prefix + name) ?? 0), 0);
  const files = sum(["inactive_file", "active_file"]) - sum(["file_dirty", "file_writeback", "dirty", "writeback"]);
  return Math.max(0, usageBytes - Math.max(0, files) - sum(["slab_reclaimable"]));
}
