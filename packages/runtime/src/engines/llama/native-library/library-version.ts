/** Parsed library version: `GLIBCXX_3.4.30` is `GLIBCXX` and 3, 4, 30. */
export interface LibraryVersion {
  name: string;
  /** Empty for a version without numbers, such as `GLIBC_PRIVATE`. */
  numbers: readonly number[];
}

export function parseLibraryVersion(version: string): LibraryVersion {
  const [, name = version, numbers] = /^(.+)_(\d+(?:\.\d+)*)$/.exec(version) ?? [];
  return { name, numbers: numbers?.split(".").map(Number) ?? [] };
}

/** Compares two versions by their numbers. Negative if the first is older. */
export function compareLibraryVersions(one: string, other: string): number {
  const [first, second] = [parseLibraryVersion(one).numbers, parseLibraryVersion(other).numbers];
  for (let index = 0; index < Math.max(first.length, second.length); index++) {
    const difference = (first[index] ?? -1) - (second[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Returns the newest version with the same name as `version`, or null. */
export function newestOf(version: string, versions: readonly string[]): string | null {
  const { name } = parseLibraryVersion(version);
  const same = versions.filter((other) => {
    const parsed = parseLibraryVersion(other);
    return parsed.name === name && parsed.numbers.length > 0;
  });
  return same.sort(compareLibraryVersions).at(-1) ?? null;
}
