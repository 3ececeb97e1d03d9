import type { Machine } from "../machine.js";
import type { GpuVendor } from "./gpu-vendor.js";

/** Vendors by PCI vendor number, as written in /sys. */
const PCI_VENDORS: ReadonlyMap<string, GpuVendor> = new Map([
  ["0x10de", "nvidia"],
  ["0x1002", "amd"],
]);

/** Files of the vendors' compute drivers. The second one exists on NVIDIA Jetson boards. */
const DRIVER_DEVICES: readonly (readonly [path: string, vendor: GpuVendor])[] = [
  ["/dev/nvidia0", "nvidia"],
  ["/dev/nvhost-gpu", "nvidia"],
  ["/dev/kfd", "amd"],
];

/** Returns the vendors of the GPUs in /sys, /proc and /dev. Unreadable paths count as empty. */
export async function linuxGpuVendors(machine: Machine): Promise<GpuVendor[]> {
  const found = await Promise.all([
    cardVendors(machine),
    nvidiaDriver(machine),
    ...DRIVER_DEVICES.map(async ([path, vendor]) => ((await machine.exists(path)) ? [vendor] : [])),
  ]);
  return [...new Set(found.flat())];
}

/** Reads the vendor numbers of the cards, which the kernel knows even without the vendor's driver. */
async function cardVendors(machine: Machine): Promise<GpuVendor[]> {
  const entries = await listOrEmpty(machine, "/sys/class/drm");
  // Besides cards (card0), the folder contains their outputs (card0-HDMI-A-1) and render nodes.
  const cards = entries.filter((name) => /^card\d+$/.test(name));
  const vendors = await Promise.all(
    cards.map(async (card) => {
      const number = await machine.readText(`/sys/class/drm/${card}/device/vendor`).catch(() => "");
      return PCI_VENDORS.get(number.trim().toLowerCase()) ?? [];
    }),
  );
  return vendors.flat();
}

async function nvidiaDriver(machine: Machine): Promise<GpuVendor[]> {
  const gpus = await listOrEmpty(machine, "/proc/driver/nvidia/gpus");
  return gpus.length > 0 ? ["nvidia"] : [];
}

function listOrEmpty(machine: Machine, path: string): Promise<string[]> {
  return machine.listDirectory(path).catch(() => []);
}
