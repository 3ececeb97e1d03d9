/** A memory limit of this process, set at one of its cgroups. */
export interface CgroupLimit {
  /** Description: `cgroup v2 /system.slice/a.service`. */
  source: string;
  limitBytes: number;
  /** Usage of that group without memory that the kernel reclaims immediately; null if unknown. */
  usedBytes: number | null;
  /** Folder with the memory pressure of that group; null for version 1, which does not report it. */
  pressureDirectory: string | null;
}
