import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

/** One number or word. */
const MAX_FIGURE_BYTES = 64;
/** `memory.stat` of today's kernels is 1 to 3 KB. */
const MAX_STAT_BYTES = 16_384;

/** A figure of a cgroup in bytes; infinite for `max`; null where it cannot be read or is no such figure. */
export async function readFigure(machine: Machine, path: string): Promise<number | null> {
  const text = (await readOrNull(machine, path, MAX_FIGURE_BYTES))?.trim() ?? "";
  if (text === "max") return Number.POSITIVE_INFINITY;
  return /^\d+$/.test(text) ? Number(text) : null;
}

/** `memory.stat` of a cgroup, whose lines are `inactive_file 4096`; null where it cannot be read. */
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
 * Memory in use that the kernel cannot take back at once; null where the usage is not known. It can take back pages of files,
 * also of those that were read twice, and caches of names, as long as a group is at its limit. Pages that are yet to be
 * written stay; locked pages and files in memory are in other lists. `prefix` tells the figures that include the groups
 * below from those that do not.
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
