/** Matches mounts of cgroups, of the root and of disks. */
const KEPT_MOUNT = / - (cgroup2?|overlay|ext[234]|f2fs|btrfs|xfs|vfat|exfat|tmpfs|squashfs|9p|virtiofs) /;

/**
 * Removes everything that identifies a device or a person from a file's text: serial numbers, MAC addresses, ids of
 * containers, file systems and machines, and home folders. Figures stay unchanged.
 */
export function withoutNames(path: string, text: string): string {
  const neutral = text
    .replace(/^(Serial\s*:).*$/gim, "$1 0")
    .replace(/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/gi, "00:00:00:00:00:00")
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, (name) => name.replace(/[0-9a-f]/gi, "0"))
    .replace(/(\/(?:home|Users)\/)[^/\s]+/g, "$1user");
  if (path === "/proc/self/mountinfo") return withoutIds(neutral.split("\n").filter(isKept).join("\n"));
  return path === "/proc/self/cgroup" || path.startsWith("/sys/fs/cgroup/") ? withoutIds(neutral) : neutral;
}

function isKept(line: string): boolean {
  return line === "" || KEPT_MOUNT.test(line);
}

/** Removes container ids: 12 or more hexadecimal digits with at least one letter, unlike figures. */
function withoutIds(text: string): string {
  return text.replace(/\b(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{12,64}\b/g, (name) => "0".repeat(name.length));
}
