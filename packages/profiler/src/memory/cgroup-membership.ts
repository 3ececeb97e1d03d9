/** The cgroups of a process, as paths in their hierarchies. */
export interface CgroupMembership {
  /** Path in the memory hierarchy of version 1; null if there is none. */
  v1MemoryPath: string | null;
  /** Path in the single hierarchy of version 2, which controls memory if version 1 does not; null if there is none. */
  v2Path: string | null;
}

/**
 * Parses `/proc/self/cgroup`, with lines such as `4:memory:/docker/8d1c` (version 1) and `0::/user.slice` (version 2).
 * The path is everything after the second colon, unescaped: names can contain colons and spaces.
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
