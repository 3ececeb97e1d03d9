import type { Machine } from "../machine.js";
import { readFigure, readStat, usedBytes } from "./cgroup-figures.js";
import type { CgroupLimit } from "./cgroup-limit.js";
import type { CgroupLevel } from "./visible-levels.js";

/**
 * Reads the limits of version 2 at these groups, nearest first; null if nothing could be read at any of them.
 *
 * A group has two limits: at `memory.max` the kernel kills a process, above `memory.high` it throttles the group
 * heavily. The lower one counts. Groups without these files (the root, and groups without the controller) have no
 * limit. Limits above `totalBytes` are ignored.
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
