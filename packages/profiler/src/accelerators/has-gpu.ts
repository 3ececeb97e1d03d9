import type { Machine } from "../machine.js";
import type { GpuVendor } from "./gpu-vendor.js";
import { linuxGpuVendors } from "./linux-gpu-vendors.js";
import { visibleDevices } from "./visible-devices.js";
import { windowsGpuVendors } from "./windows-gpu-vendors.js";

/**
 * Whether the machine has a GPU for computing.
 *
 * True without further checks if an environment variable lists devices. Vendors whose devices are all hidden by a
 * variable are excluded. Otherwise the GPUs that the system shows count: NVIDIA and AMD on Linux and Windows, and the
 * GPU of every arm64 Mac.
 *
 * Graphics for displays do not count: Intel, ASPEED, virtio, VideoCore. With a GPU the estimated latency is divided by
 * ten, which would be wrong for them. Integrated graphics of AMD do count, because they have the same vendor number as
 * its cards.
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
