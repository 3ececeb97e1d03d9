import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";
import { kibFields } from "./kib-fields.js";

/** Most bytes of meminfo, more than twice its size on current kernels. */
const MAX_MEMINFO_BYTES = 8192;

/** Reads the fields of `/proc/meminfo` in bytes, by name: `MemTotal`, `MemAvailable`. Empty if it cannot be read. */
export async function linuxMeminfo(machine: Machine): Promise<ReadonlyMap<string, number>> {
  return kibFields((await readOrNull(machine, "/proc/meminfo", MAX_MEMINFO_BYTES)) ?? "");
}
