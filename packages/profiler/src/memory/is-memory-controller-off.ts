import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

/** `limit_source` on a kernel that was started without the memory controller and cannot enforce limits. */
export const MEMORY_CONTROLLER_OFF = "cgroup memory controller disabled";

/**
 * Whether the kernel was started without the memory controller, as on Raspberry Pi OS. It then accepts limits and
 * ignores them. `directory` is the folder of the topmost visible group.
 */
export async function isMemoryControllerOff(machine: Machine, directory: string | null): Promise<boolean> {
  const controllers = (await readOrNull(machine, "/proc/cgroups")) ?? "";
  const [, enabled] = /^memory\s+\d+\s+\d+\s+([01])\s*$/m.exec(controllers) ?? [];
  if (enabled !== undefined) return enabled === "0";
  // Kernels without version 1 do not list it there.
  const offered = directory === null ? null : await readOrNull(machine, `${directory}/cgroup.controllers`);
  return offered !== null && !offered.split(/\s+/).includes("memory");
}
