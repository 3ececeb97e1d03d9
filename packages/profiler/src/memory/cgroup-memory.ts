import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";
import type { CgroupLimit } from "./cgroup-limit.js";
import { cgroupMembership } from "./cgroup-membership.js";
import { cgroupMounts } from "./cgroup-mounts.js";
import { cgroupV1 } from "./cgroup-v1.js";
import { cgroupV2 } from "./cgroup-v2.js";
import { isMemoryControllerOff } from "./is-memory-controller-off.js";
import { type CgroupLevel, visibleLevels } from "./visible-levels.js";

/** A host of containers has hundreds of mounts, of up to 4 KB each; those of cgroups come early. */
const MAX_MOUNTINFO_BYTES = 2 ** 18;

/** What the cgroups say of this process's memory. */
export interface CgroupReading {
  /** Every limit that binds, that of the nearest group first. */
  limits: readonly CgroupLimit[];
  /** The kernel was started without control of memory. */
  isControllerOff: boolean;
  /** Where the own group tells how much it waits for memory: in version 2, whichever version controls memory. */
  pressureDirectory: string | null;
}

/** Where a process stands, which changes when it is moved and when file systems are mounted: seldom. */
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
 * The cgroups that this process is in. Mounts and the way to the root are found once; they are found anew when the
 * process was moved, which each reading looks for, and when nothing can be read there any more.
 */
export class CgroupMemory {
  readonly #machine: Machine;
  #place: Place | null = null;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** The limits as they are now. What is above `totalBytes` is none. Never rejects. */
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
