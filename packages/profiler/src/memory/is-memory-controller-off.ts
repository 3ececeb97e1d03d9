import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

/** The source of a limit that the kernel cannot enforce: it was started without control of memory. */
export const MEMORY_CONTROLLER_OFF = "cgroup memory controller disabled";

/**
 * Was the kernel started without control of memory, as Raspberry Pi OS is? Then limits are accepted and ignored:
 * there is no limit, and that is not because nobody wanted one. `directory` is where the uppermost group is seen.
 */
export async function isMemoryControllerOff(machine: Machine, directory: string | null): Promise<boolean> {
  const controllers = (await readOrNull(machine, "/proc/cgroups")) ?? "";
  const [, enabled] = /^memory\s+\d+\s+\d+\s+([01])\s*$/m.exec(controllers) ?? [];
  if (enabled !== undefined) return enabled === "0";
  // Kernels without version 1 leave it out there.
  const offered = directory === null ? null : await readOrNull(machine, `${directory}/cgroup.controllers`);
  return offered !== null && !offered.split(/\s+/).includes("memory");
}
