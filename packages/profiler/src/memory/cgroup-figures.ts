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

/** What is in use and cannot be dropped at once; null where the usage is not known. */
export function usedBytes(usageBytes: number | null, droppableBytes: number | undefined): number | null {
  if (usageBytes === null || !Number.isSafeInteger(usageBytes)) return null;
  return Math.max(0, usageBytes - (droppableBytes ?? 0));
}
