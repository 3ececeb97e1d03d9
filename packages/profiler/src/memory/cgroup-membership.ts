/** The groups that a process is in, as paths in their hierarchies. */
export interface CgroupMembership {
  /** In the version 1 hierarchy that controls memory; null where there is none. */
  v1MemoryPath: string | null;
  /** In version 2's only hierarchy, which controls memory where version 1 does not; null where there is none. */
  v2Path: string | null;
}

/**
 * What `/proc/self/cgroup` says: lines such as `4:memory:/docker/8d1c` (version 1) and `0::/user.slice` (version 2).
 * A path is everything behind the second colon, as it stands: names may hold colons and spaces.
 */
export function cgroupMembership(text: string): CgroupMembership {
  const membership: CgroupMembership = { v1MemoryPath: null, v2Path: null };
  for (const line of text.split("\n")) {
    const [, hierarchy, controllers, path = ""] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (hierarchy === "0" && controllers === "") membership.v2Path ??= path;
    else if (controllers?.split(",").includes("memory")) membership.v1MemoryPath ??= path;
  }
  return membership;
}
