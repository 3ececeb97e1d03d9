import type { Machine } from "../machine.js";

const BYTES_PER_KIB = 1024;

/**
 * The fields of `/proc/meminfo` in bytes, by name: `MemTotal`, `MemAvailable`. Empty where the file cannot be read;
 * lines that do not have the form `Name:  123 kB` (kB being 1024 bytes there) are left out.
 */
export async function linuxMeminfo(machine: Machine): Promise<ReadonlyMap<string, number>> {
  const text = await machine.readText("/proc/meminfo").catch(() => "");
  const fields = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, name, kib] = /^([^\s:]+):\s+(\d+) kB\s*$/.exec(line) ?? [];
    if (name !== undefined && !fields.has(name)) fields.set(name, Number(kib) * BYTES_PER_KIB);
  }
  return fields;
}
