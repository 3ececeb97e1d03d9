import type { Machine } from "../machine.js";
import type { GpuVendor } from "./gpu-vendor.js";

/** Returns the vendors whose compute driver is installed, judging by its library in System32. */
export async function windowsGpuVendors(machine: Machine): Promise<GpuVendor[]> {
  const system32 = `${machine.environment.SystemRoot || "C:\\Windows"}\\System32`;
  const [hasCuda, names] = await Promise.all([
    machine.exists(`${system32}\\nvcuda.dll`),
    machine.listDirectory(system32).catch(() => []),
  ]);
  const vendors: GpuVendor[] = [];
  if (hasCuda) vendors.push("nvidia");
  // AMD numbers its library by major version from 6 on: amdhip64.dll, amdhip64_6.dll, amdhip64_7.dll.
  if (names.some((name) => /^amdhip64\w*\.dll$/i.test(name))) vendors.push("amd");
  return vendors;
}
