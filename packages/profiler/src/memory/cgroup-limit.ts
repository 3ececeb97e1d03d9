/** A limit on memory that binds this process, at one of the groups that it is in. */
export interface CgroupLimit {
  /** In words: `cgroup v2 /system.slice/a.service`. */
  source: string;
  limitBytes: number;
  /** What counts against it at that group, without what the kernel takes back at once; null where not told. */
  usedBytes: number | null;
  /** Where that group tells how much it waits for memory; null for version 1, which does not. */
  pressureDirectory: string | null;
}
