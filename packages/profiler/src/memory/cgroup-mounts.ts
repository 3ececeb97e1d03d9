/** A mount point of a cgroup hierarchy, either the whole hierarchy or one subtree. */
export interface CgroupMount {
  version: 1 | 2;
  /** Version 1: the controllers, among other mount options. Version 2: not stated. */
  controllers: readonly string[];
  /** Path of the group at the mount point. */
  root: string;
  mountPoint: string;
}

/** Number of fields before the optional ones, which end at a `-`. */
const FIXED_FIELDS = 6;

/**
 * Parses the cgroup mounts of `/proc/self/mountinfo`, with lines such as `35 32 0:29 / /sys/fs/cgroup/memory
 * rw,relatime shared:9 - cgroup cgroup rw,memory`. Of two mounts at one path, the later one is visible.
 */
export function cgroupMounts(text: string): CgroupMount[] {
  const byMountPoint = new Map<string, CgroupMount>();
  for (const line of text.split("\n")) {
    const fields = line.split(" ");
    const end = fields.indexOf("-", FIXED_FIELDS);
    const [, , , root = "", mountPoint = ""] = fields;
    const [type, , options = ""] = end < 0 ? [] : fields.slice(end + 1);
    if (type !== "cgroup" && type !== "cgroup2") continue;
    const mount: CgroupMount = {
      version: type === "cgroup" ? 1 : 2,
      controllers: type === "cgroup" ? options.split(",") : [],
      root: unescaped(root),
      mountPoint: unescaped(mountPoint),
    };
    byMountPoint.delete(mount.mountPoint);
    byMountPoint.set(mount.mountPoint, mount);
  }
  return [...byMountPoint.values()];
}

/** The kernel writes space, tab, line feed, backslash and number sign as `\040`, `\011`, `\012`, `\134`, `\043`. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
