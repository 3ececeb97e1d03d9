import type { Machine } from "../machine.js";
import { readFigure, readStat, usedBytes } from "./cgroup-figures.js";
import type { CgroupLimit } from "./cgroup-limit.js";
import type { CgroupLevel } from "./visible-levels.js";

/**
 * Reads the limits of version 1 at these groups, nearest first; null if nothing could be read at any of them.
 *
 * `hierarchical_memory_limit` of the process's own group is the lowest limit of all groups above, including those
 * hidden from a container. If there is no such limit, one read is enough. A lower limit of a group above is ignored:
 * kernels before 5.11 could disable it by `memory.use_hierarchy`.
 *
 * A missing limit is written as a number near 2^63 that depends on the page size: limits above `totalBytes` are
 * ignored.
 */
export async function cgroupV1(
  machine: Machine,
  levels: readonly CgroupLevel[],
  totalBytes: number,
): Promise<CgroupLimit[] | null> {
  const [own] = levels;
  const top = levels.at(-1);
  if (own === undefined || top === undefined) return null;
  const ownStat = await readStat(machine, `${own.directory}/memory.stat`);
  const leastBytes = ownStat?.get("hierarchical_memory_limit");
  if (leastBytes !== undefined && leastBytes > totalBytes) return [];

  const read = await Promise.all(
    levels.map(async (level) => ({
      level,
      limitBytes: await readFigure(machine, `${level.directory}/memory.limit_in_bytes`),
    })),
  );
  if (ownStat === null && read.every(({ limitBytes }) => limitBytes === null)) return null;

  const used = async (level: CgroupLevel) => {
    const [usage, stat] = await Promise.all([
      readFigure(machine, `${level.directory}/memory.usage_in_bytes`),
      level === own ? ownStat : readStat(machine, `${level.directory}/memory.stat`),
    ]);
    return usedBytes(usage, stat, stat?.has("total_inactive_file") ? "total_" : "");
  };
  const limits = await Promise.all(
    read.map(async ({ level, limitBytes }): Promise<CgroupLimit[]> => {
      if (limitBytes === null || limitBytes > totalBytes || limitBytes < (leastBytes ?? 0)) return [];
      const source = `cgroup v1 ${level.path}`;
      return [{ source, limitBytes, usedBytes: await used(level), pressureDirectory: null }];
    }),
  );
  const found = limits.flat();
  if (leastBytes !== undefined && !found.some(({ limitBytes }) => limitBytes === leastBytes)) {
    // The limit is set at a hidden group. The usage of the visible groups is a lower bound of its usage.
    const source = `cgroup v1, above ${top.path}`;
    found.push({ source, limitBytes: leastBytes, usedBytes: await used(top), pressureDirectory: null });
  }
  return found;
}
