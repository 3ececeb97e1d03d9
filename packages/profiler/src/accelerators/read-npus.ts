import type { Fact, NpuDetails } from "@nanoagent/models";
import { certain, likely, unknown } from "../details/fact.js";
import { isLinux } from "../is-linux.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

const MAX_DEVICES = 4;
const MAX_USB_DEVICES = 8;

/** NPUs by kernel driver. */
const DRIVERS: ReadonlyMap<string, string> = new Map([
  ["intel_vpu", "Intel NPU"],
  ["amdxdna", "AMD XDNA"],
  ["rocket", "Rockchip NPU"],
  ["qaic", "Qualcomm Cloud AI"],
]);

/** Device files of NPUs. */
const DEVICES: readonly (readonly [path: string, name: string])[] = [
  ["/dev/hailo0", "Hailo"],
  ["/dev/apex_0", "Google Coral"],
  ["/dev/galcore", "NXP NPU"],
  ["/dev/ethosu0", "Arm Ethos-U"],
];

/** Rockchip NPUs by address. Their vendor driver has no device file. */
const ROCKCHIP: ReadonlyMap<string, string> = new Map([
  ["fdab0000.npu", "Rockchip RK3588 NPU"],
  ["fde40000.npu", "Rockchip RK3566/RK3568 NPU"],
  ["27700000.npu", "Rockchip RK3576 NPU"],
]);

/** Matches the USB vendor and product ids of a Coral. The first pair is that of an unused device. */
const CORAL_ON_USB = /^PRODUCT=(1a6e\/89a|18d1\/9302)\//m;

/** Reads the NPUs that the system shows. */
export async function readNpus(machine: Machine): Promise<Fact<NpuDetails[]>> {
  if (!isLinux(machine)) return unknown("only read on Linux");
  const names = [...(await readKernelDrivers(machine)), ...(await readRockchip(machine))];
  for (const [path, name] of DEVICES) if (await machine.exists(path)) names.push(name);
  if (await hasCoralOnUsb(machine)) names.push("Google Coral");
  const npus = [...new Set(names)].map((name) => ({ name, usable_by: [] }));
  return npus.length === 0
    ? likely([], "no sign of an NPU")
    : certain(npus, "/sys/class/accel, /sys/class/devfreq, /sys/bus/usb and /dev");
}

/** Reads the kernel drivers of /sys/class/accel. Devices of any vendor can be accel0. */
async function readKernelDrivers(machine: Machine): Promise<string[]> {
  const names: string[] = [];
  for (const entry of (await listed(machine, "/sys/class/accel")).slice(0, MAX_DEVICES)) {
    const uevent = (await readOrNull(machine, `/sys/class/accel/${entry}/device/uevent`)) ?? "";
    const driver = /^DRIVER=(\S+)$/m.exec(uevent)?.[1] ?? "unknown";
    names.push(DRIVERS.get(driver) ?? `accelerator (${driver})`);
  }
  return names;
}

async function readRockchip(machine: Machine): Promise<string[]> {
  const entries = (await listed(machine, "/sys/class/devfreq")).filter((name) => /^[0-9a-f]{8}\.npu$/.test(name));
  return entries.map((name) => ROCKCHIP.get(name) ?? "Rockchip NPU");
}

async function hasCoralOnUsb(machine: Machine): Promise<boolean> {
  // Besides devices (1-1.2), the folder contains their interfaces (1-1.2:1.0) and the root hubs (usb1).
  const devices = (await listed(machine, "/sys/bus/usb/devices")).filter((name) => /^\d+-[\d.]+$/.test(name));
  for (const device of devices.slice(0, MAX_USB_DEVICES)) {
    if (CORAL_ON_USB.test((await readOrNull(machine, `/sys/bus/usb/devices/${device}/uevent`)) ?? "")) return true;
  }
  return false;
}

function listed(machine: Machine, folder: string): Promise<string[]> {
  return machine.listDirectory(folder).catch(() => []);
}
