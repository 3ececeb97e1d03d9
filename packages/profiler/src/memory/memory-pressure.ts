import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

const MAX_PRESSURE_BYTES = 512;

/**
 * Returns the share of the last ten seconds in which at least one task of a cgroup waited for memory, in percent. Falls
 * back to the whole machine; null if the kernel reports neither.
 */
export async function memoryPressure(machine: Machine, cgroupDirectory: string | null): Promise<number | null> {
  const ofGroup = cgroupDirectory === null ? null : await read(machine, `${cgroupDirectory}/memory.pressure`);
  return ofGroup ?? (await read(machine, "/proc/pressure/memory"));
}

async function read(machine: Machine, path: string): Promise<number | null> {
  const text = (await readOrNull(machine, path, MAX_PRESSURE_BYTES)) ?? "";
  const [, percent] = /^some avg10=(\d{1,3}(?:\.\d{1,9})?) /m.exec(text) ?? [];
  return percent === undefined || Number(percent) > 100 ? null : Number(percent);
}
