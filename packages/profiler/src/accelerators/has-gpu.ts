import type { Machine } from "../machine.js";
import type { GpuVendor } from "./gpu-vendor.js";
import { linuxGpuVendors } from "./linux-gpu-vendors.js";
import { visibleDevices } from "./visible-devices.js";
import { windowsGpuVendors } from "./windows-gpu-vendors.js";

/**
 * Is there a GPU to compute on?
 *
 * An environment variable that names devices says yes without a further look; one that hides all devices of a vendor
 * takes that vendor out. For the rest it counts what the system shows: NVIDIA and AMD on Linux and Windows, the GPU of
 * every arm64 Mac.
 *
 * Graphics made to drive a display do not count: Intel, ASPEED, virtio, VideoCore. A yes makes the coarse latency ten
 * times shorter, and on those that does not come true. AMD's integrated graphics carry the vendor number of its cards
 * and cannot be told from them here: they do count.
 */
export async function hasGpu(machine: Machine): Promise<boolean> {
  const statements = visibleDevices(machine.environment);
  if (Object.values(statements).includes("shown")) return true;
  const vendors = await installedVendors(machine);
  return vendors.some((vendor) => statements[vendor] !== "hidden");
}

async function installedVendors(machine: Machine): Promise<GpuVendor[]> {
  switch (machine.platform) {
    case "linux":
    case "android":
      return linuxGpuVendors(machine);
    case "win32":
      return windowsGpuVendors(machine);
    case "darwin":
      return machine.machineType === "arm64" ? ["apple"] : [];
    default:
      return [];
  }
}
