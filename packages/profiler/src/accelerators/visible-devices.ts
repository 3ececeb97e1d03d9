import type { Machine } from "../machine.js";
import type { GpuVendor } from "./gpu-vendor.js";

/** What the environment says of a vendor's GPUs: `shown` some of them, `hidden` all of them. */
export type DeviceStatement = "shown" | "hidden";

/**
 * What `CUDA_VISIBLE_DEVICES` and `ROCR_VISIBLE_DEVICES` say; a vendor whose variable is not set is left out.
 * Both are lists that end at the first entry that names no device: empty, `-1`, or the `NoDevFiles` that batch systems
 * write. A list that ends before it began hides every device.
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
