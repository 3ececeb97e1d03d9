import type { Machine } from "../machine.js";
import type { GpuVendor } from "./gpu-vendor.js";

/** Visibility of a vendor's GPUs by the environment: `shown`: some are listed; `hidden`: all are hidden. */
export type DeviceStatement = "shown" | "hidden";

/**
 * Interprets `CUDA_VISIBLE_DEVICES` and `ROCR_VISIBLE_DEVICES`. Vendors whose variable is not set are left out. Both
 * variables are lists that end at the first entry that is not a device: empty, `-1`, or `NoDevFiles` as written by
 * batch systems. A list whose first entry is not a device hides all devices.
 */
export function visibleDevices(environment: Machine["environment"]): Partial<Record<GpuVendor, DeviceStatement>> {
  const statements: Partial<Record<GpuVendor, DeviceStatement>> = {};
  const nvidia = statement(environment.CUDA_VISIBLE_DEVICES);
  const amd = statement(environment.ROCR_VISIBLE_DEVICES);
  if (nvidia !== null) statements.nvidia = nvidia;
  if (amd !== null) statements.amd = amd;
  return statements;
}

function statement(list: string | undefined): DeviceStatement | null {
  if (list === undefined) return null;
  const first = list.split(",", 1)[0]?.trim() ?? "";
  return ["", "-1", "NoDevFiles"].includes(first) ? "hidden" : "shown";
}
