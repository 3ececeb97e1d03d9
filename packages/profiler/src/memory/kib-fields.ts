const BYTES_PER_KIB = 1024;

/**
 * The figures of a file such as `/proc/meminfo` or `/proc/self/status` in bytes, by name. Lines that do not have the
 * form `Name:  123 kB` (kB being 1024 bytes there) are left out; of two with one name the first counts.
 */
export function kibFields(text: string): ReadonlyMap<string, number> {
  const fields = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, name, kib] = /^([^\s:]+):\s+(\d+) kB\s*$/.exec(line) ?? [];
    if (name !== undefined && !fields.has(name)) fields.set(name, Number(kib) * BYTES_PER_KIB);
  }
  return fields;
}
