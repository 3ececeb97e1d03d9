import type { Machine } from "../machine.js";
import { readFigure, readStat, usedBytes } from "./cgroup-figures.js";
import type { CgroupLimit } from "./cgroup-limit.js";
import type { CgroupLevel } from "./visible-levels.js";

/**
 * The limits of version 2 at these groups, the nearest first; null where nothing could be read of any of them.
 *
 * A group has two: at `memory.max` the kernel ends a process, above `memory.high` it slows the group down until it is
 * of little use. The lower one counts. Groups without these files (the root, and those for which the controller is
 * not enabled) have no limit. What is above `totalBytes` is none.
 */
export async function cgroupV2(
  machine: Machine,
  levels: readonly CgroupLevel[],
  totalBytes: number,
): Promise<CgroupLimit[] | null> {
  const read = await Promise.all(
    levels.map(async (level) => {
      const [max, high] = await Promise.all([
        readFigure(machine, `${level.directory}/memory.max`),
        readFigure(machine, `${level.directory}/memory.high`),
      ]);
      return { level, max, high };
    }),
  );
  if (read.every(({ max, high }) => max === null && high === null)) return null;

  const limits = await Promise.all(
    read.map(async ({ level, max, high }): Promise<CgroupLimit[]> => {
      const maxBytes = max ?? Number.POSITIVE_INFINITY;
      const highBytes = high ?? Number.POSITIVE_INFINITY;
      const limitBytes = Math.min(maxBytes, highBytes);
      if (limitBytes > totalBytes) return [];
      const [usage, stat] = await Promise.all([
        readFigure(machine, `${level.directory}/memory.current`),
        readStat(machine, `${level.directory}/memory.stat`),
      ]);
      const source = `cgroup v2 ${level.path}${highBytes < maxBytes ? " (memory.high)" : ""}`;
      const used = usedBytes(usage, stat);
      return [{ source, limitBytes, usedBytes: used, pressureDirectory: level.directory }];
    }),
  );
  return limits.flat();
}
