const BYTES_PER_KIB = 1024;

/**
 * Parses the figures of a file such as `/proc/meminfo` or `/proc/self/status` in bytes, by name. Lines in another form
 * than `Name:  123 kB` (where kB means 1024 bytes) are ignored; of two lines with the same name, the first counts.
 */
export function kibFields(text: string): ReadonlyMap<string, number> {
  const fields = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, name, kib] = /^([^\s:]+):\s+(\d+) kB\s*$/.exec(line) ?? [];
    if (name !== undefined && !fields.has(name)) fields.set(name, Number(kib) * BYTES_PER_KIB);
  }
  return fields;
}
