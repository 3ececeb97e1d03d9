import type { Machine } from "../machine.js";
import { readFigure, readStat, usedBytes } from "./cgroup-figures.js";
import type { CgroupLimit } from "./cgroup-limit.js";
import type { CgroupLevel } from "./visible-levels.js";

/**
 * The limits of version 1 at these groups, the nearest first; null where nothing could be read of any of them.
 *
 * `hierarchical_memory_limit` of the own group is the least of all above it, also of those that a container does not
 * show. Where that is none, one read answers. A group above with a lower limit does not bind (kernels before 5.11
 * could be told so by `memory.use_hierarchy`).
 *
 * No limit is written as a number near 2^63, which depends on the page size: what is above `totalBytes` is none.
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
    // It is set where this process cannot look. What the groups below use is the least that counts against it.
    const source = `cgroup v1, above ${top.path}`;
    found.push({ source, limitBytes: leastBytes, usedBytes: await used(top), pressureDirectory: null });
  }
  return found;
}
