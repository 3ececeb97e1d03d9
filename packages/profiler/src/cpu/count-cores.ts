import type { Machine } from "../machine.js";

/** The CPUs that this process may run on: at least one, and one where the number cannot be known. */
export function countCores(machine: Pick<Machine, "cpuCount">): number {
  return Number.isSafeInteger(machine.cpuCount) ? Math.max(1, machine.cpuCount) : 1;
}
