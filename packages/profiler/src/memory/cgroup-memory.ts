import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";
import type { CgroupLimit } from "./cgroup-limit.js";
import { cgroupMembership } from "./cgroup-membership.js";
import { cgroupMounts } from "./cgroup-mounts.js";
import { cgroupV1 } from "./cgroup-v1.js";
import { cgroupV2 } from "./cgroup-v2.js";
import { isMemoryControllerOff } from "./is-memory-controller-off.js";
import { type CgroupLevel, visibleLevels } from "./visible-levels.js";

/** Most bytes of mountinfo. A container host has hundreds of mounts of up to 4 KB; cgroup mounts come early. */
const MAX_MOUNTINFO_BYTES = 2 ** 18;

/** Memory limits of this process by its cgroups. */
export interface CgroupReading {
  /** All effective limits, nearest group first. */
  limits: readonly CgroupLimit[];
  /** Whether the kernel was started without the memory controller. */
  isControllerOff: boolean;
  /** Folder with the memory pressure of the process's own group, in version 2 even if version 1 controls memory. */
  pressureDirectory: string | null;
}

/** Position of a process in the cgroup tree. It changes only when the process is moved or file systems are mounted. */
interface Place {
  membership: string;
  version: 1 | 2;
  levels: readonly CgroupLevel[];
  pressureDirectory: string | null;
  isControllerOff: boolean;
  wasRead: boolean;
}

const NOTHING: CgroupReading = { limits: [], isControllerOff: false, pressureDirectory: null };

/**
 * Reads the cgroups of this process. Mounts and the path to the root are cached; they are determined again if the
 * process was moved, which each reading checks, or if nothing can be read any more.
 */
export class CgroupMemory {
  readonly #machine: Machine;
  #place: Place | null = null;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Reads the current limits. Limits above `totalBytes` are ignored. Never rejects. */
  async read(totalBytes: number): Promise<CgroupReading> {
    const membership = await readOrNull(this.#machine, "/proc/self/cgroup");
    if (membership === null) return NOTHING;
    const known = this.#place;
    if (known?.membership === membership) {
      const limits = await this.#limits(known, totalBytes);
      if (limits !== null || !known.wasRead) return reading(known, limits);
    }
    const place = await this.#find(membership);
    const limits = await this.#limits(place, totalBytes);
    place.wasRead = limits !== null;
    if (!place.wasRead && place.version === 2) {
      place.isControllerOff = await isMemoryControllerOff(this.#machine, place.levels.at(-1)?.directory ?? null);
    }
    return reading(place, limits);
  }

  async #find(membership: string): Promise<Place> {
    const mountinfo = await readOrNull(this.#machine, "/proc/self/mountinfo", MAX_MOUNTINFO_BYTES);
    const mounts = cgroupMounts(mountinfo ?? "");
    const { v1MemoryPath, v2Path } = cgroupMembership(membership);
    const v2Mounts = mounts.filter(({ version }) => version === 2);
    const v1Mounts = mounts.filter(({ version, controllers }) => version === 1 && controllers.includes("memory"));
    const v2Levels = v2Path === null ? [] : visibleLevels(v2Path, v2Mounts);
    const place: Place = {
      membership,
      version: v1MemoryPath === null ? 2 : 1,
      levels: v1MemoryPath === null ? v2Levels : visibleLevels(v1MemoryPath, v1Mounts),
      pressureDirectory: v2Levels[0]?.directory ?? null,
      isControllerOff: false,
      wasRead: false,
    };
    this.#place = mountinfo === null ? null : place;
    return place;
  }

  async #limits({ version, levels }: Place, totalBytes: number): Promise<CgroupLimit[] | null> {
    return version === 1
      ? await cgroupV1(this.#machine, levels, totalBytes)
      : await cgroupV2(this.#machine, levels, totalBytes);
  }
}

function reading(place: Place, limits: CgroupLimit[] | null): CgroupReading {
  const isControllerOff = place.isControllerOff && limits === null;
  return { limits: limits ?? [], isControllerOff, pressureDirectory: place.pressureDirectory };
}
