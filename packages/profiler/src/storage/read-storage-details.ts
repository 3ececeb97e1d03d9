import { dirname } from "node:path";
import type { DeviceDetails, Fact } from "@nanoagent/models";
import { certain, factOf, likely, unknown } from "../details/fact.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

const MAX_MOUNTINFO_BYTES = 2 ** 18;
/** File systems in memory, whose contents are lost after a restart. */
const IN_MEMORY = new Set(["tmpfs", "ramfs", "rootfs", "devtmpfs"]);
const NETWORK = /^(nfs4?|cifs|smb3|9p|fuse\.sshfs|ceph|virtiofs)$/;

/** Model names of the virtual disks of hypervisors. */
const VIRTUAL_DISK = /virtual|vbox|qemu|vmware/i;

interface Mount {
  mountPoint: string;
  /** `179:2`. */
  device: string;
  type: string;
  isReadOnly: boolean;
}

/** Reads the facts of the storage at `path`. Never rejects. */
export async function readStorageDetails(machine: Machine, path: string): Promise<DeviceDetails["storage"]> {
  const mount = await readMount(machine, path);
  const disk = mount === null ? null : await readDisk(machine, mount);
  const none = unknown("the mounts cannot be read");
  return {
    path: certain(path, "given"),
    kind: mount === null ? none : await factOf(() => readKind(machine, mount, disk)),
    free_bytes: await factOf(async () => certain(await readFreeBytes(machine, path), "statfs")),
    is_read_only: mount === null ? none : certain(mount.isReadOnly, "/proc/self/mountinfo"),
    is_volatile: mount === null ? none : volatility(mount),
    wear_percent: await factOf(() => readWear(machine, disk)),
  };
}

/** Reads the free bytes of the nearest existing folder: the data folder may not exist yet. */
async function readFreeBytes(machine: Machine, path: string): Promise<number> {
  for (let folder = path; ; folder = dirname(folder)) {
    if (folder === dirname(folder) || (await machine.exists(folder))) return machine.readFreeBytes(folder);
  }
}

async function readMount(machine: Machine, path: string): Promise<Mount | null> {
  const text = await readOrNull(machine, "/proc/self/mountinfo", MAX_MOUNTINFO_BYTES);
  let found: Mount | null = null;
  for (const line of (text ?? "").split("\n")) {
    const fields = line.split(" ");
    const end = fields.indexOf("-", 6);
    const [, , device = "", , mountPoint = "", options = ""] = fields;
    const [type = "", , superOptions = ""] = end < 0 ? [] : fields.slice(end + 1);
    if (type === "" || !isBelow(path, unescaped(mountPoint))) continue;
    if (found !== null && found.mountPoint.length > mountPoint.length) continue;
    const isReadOnly = [...options.split(","), ...superOptions.split(",")].includes("ro");
    found = { mountPoint: unescaped(mountPoint), device, type, isReadOnly };
  }
  return found;
}

function isBelow(path: string, mountPoint: string): boolean {
  return path === mountPoint || path.startsWith(mountPoint.endsWith("/") ? mountPoint : `${mountPoint}/`);
}

function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** Returns the disk that contains a mount's partition: `mmcblk0`. */
async function readDisk(machine: Machine, { device }: Mount): Promise<string | null> {
  if (!/^\d{1,5}:\d{1,7}$/.test(device)) return null;
  const uevent = (await readOrNull(machine, `/sys/dev/block/${device}/uevent`)) ?? "";
  const name = /^DEVNAME=([\w-]+)$/m.exec(uevent)?.[1];
  return name === undefined ? null : name.replace(/(?<=^(?:mmcblk|nvme\d+n)\d+)p\d+$|(?<=^[shv]d[a-z]+)\d+$/, "");
}

async function readKind(machine: Machine, { type }: Mount, disk: string | null): Promise<Fact<string>> {
  if (IN_MEMORY.has(type)) return certain("memory", type);
  if (NETWORK.test(type)) return certain("network", type);
  if (type === "overlay") return likely("overlay", "an overlay hides its disk");
  if (disk === null) return likely(type, "type of the file system; its disk is unknown");
  if (disk.startsWith("mmcblk")) {
    const kind = (await readOrNull(machine, `/sys/block/${disk}/device/type`))?.trim();
    if (kind === "SD") return certain("sd-card", `/sys/block/${disk}`);
    if (kind === "MMC") return certain("emmc", `/sys/block/${disk}`);
    return likely("flash", disk);
  }
  if (disk.startsWith("nvme")) return certain("nvme", disk);
  // Virtual disks always claim to be rotating.
  if (/^(vd|xvd)/.test(disk)) return certain("virtual-disk", disk);
  const model = (await readOrNull(machine, `/sys/block/${disk}/device/model`))?.trim() ?? "";
  if (VIRTUAL_DISK.test(model)) return certain("virtual-disk", `/sys/block/${disk}/device/model`);
  const rotational = (await readOrNull(machine, `/sys/block/${disk}/queue/rotational`))?.trim();
  if (rotational === "1") return certain("hard-disk", `/sys/block/${disk}/queue/rotational`);
  return rotational === "0" ? certain("ssd", `/sys/block/${disk}/queue/rotational`) : likely("disk", disk);
}

function volatility({ type }: Mount): Fact<boolean> {
  if (IN_MEMORY.has(type)) return certain(true, type);
  return type === "overlay" ? likely(true, "an overlay is deleted with its container") : certain(false, type);
}

/** Reads the wear that an eMMC reports in steps of 10 %: 0x01 is up to 10 %, 0x0b is beyond its lifetime. */
async function readWear(machine: Machine, disk: string | null): Promise<Fact<number>> {
  if (disk === null) return unknown("the disk is unknown");
  const path = `/sys/block/${disk}/device/life_time`;
  const steps = ((await readOrNull(machine, path)) ?? "")
    .trim()
    .split(/\s+/)
    .map((step) => Number.parseInt(step, 16));
  const worst = Math.max(...steps);
  if (!(worst >= 1 && worst <= 11)) return unknown("this kind of storage does not report it");
  return certain(Math.min(100, worst * 10), path);
}
