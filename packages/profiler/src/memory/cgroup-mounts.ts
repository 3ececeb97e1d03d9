/** A place in the file tree where a hierarchy of cgroups is seen, whole or from one group down. */
export interface CgroupMount {
  version: 1 | 2;
  /** Version 1: what it controls, among its mount options. Version 2: not told here. */
  controllers: readonly string[];
  /** The group that is seen at the mount point, as a path of the hierarchy. */
  root: string;
  mountPoint: string;
}

/** Fields that come before the optional ones, which end at a `-`. */
const FIXED_FIELDS = 6;

/**
 * The cgroup mounts in `/proc/self/mountinfo`, whose lines are
 * `35 32 0:29 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory`. Of two mounts at one place the
 * later is what is seen there.
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
