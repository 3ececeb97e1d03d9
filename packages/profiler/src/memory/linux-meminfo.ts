import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";
import { kibFields } from "./kib-fields.js";

/** A page more than twice what the newest kernels write. */
const MAX_MEMINFO_BYTES = 8192;

/** The fields of `/proc/meminfo` in bytes, by name: `MemTotal`, `MemAvailable`. Empty where it cannot be read. */
export async function linuxMeminfo(machine: Machine): Promise<ReadonlyMap<string, number>> {
  return kibFields((await readOrNull(machine, "/proc/meminfo", MAX_MEMINFO_BYTES)) ?? "");
}
