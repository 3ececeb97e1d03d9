import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";
import { cgroupMembership } from "./cgroup-membership.js";
import { cgroupMounts } from "./cgroup-mounts.js";
import { type CgroupLevel, visibleLevels } from "./visible-levels.js";

/** Most bytes of mountinfo. A container host has hundreds of mounts of up to 4 KB; cgroup mounts come early. */
const MAX_MOUNTINFO_BYTES = 2 ** 18;

/** The cgroups that control the memory of this process. */
export interface MemoryCgroup {
  version: 1 | 2;
  /** Groups from the process's own up to the topmost visible one. */
  levels: readonly CgroupLevel[];
}

/** Finds the memory cgroups of this process; null on other systems than Linux and if none is visible. */
export async function findMemoryCgroup(machine: Machine): Promise<MemoryCgroup | null> {
  const membership = await readOrNull(machine, "/proc/self/cgroup");
  const mountinfo = await readOrNull(machine, "/proc/self/mountinfo", MAX_MOUNTINFO_BYTES);
  if (membership === null || mountinfo === null) return null;
  const { v1MemoryPath, v2Path } = cgroupMembership(membership);
  const version = v1MemoryPath === null ? 2 : 1;
  const mounts = cgroupMounts(mountinfo).filter(
    (mount) => mount.version === version && (version === 2 || mount.controllers.includes("memory")),
  );
  const levels = visibleLevels(v1MemoryPath ?? v2Path ?? "", mounts);
  return levels.length === 0 ? null : { version, levels };
}
