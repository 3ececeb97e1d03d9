/** Oldest supported minor version of each major version. Every later major version is supported. */
const OLDEST_MINOR = new Map([
  [20, 19],
  [22, 12],
]);
const NEWEST_MAJOR = Math.max(...OLDEST_MINOR.keys());

/** Returns the error to print if this Node is too old, otherwise null. `engines` of the packages says the same. */
export function describeOldNode(version: string): string | null {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const oldest = OLDEST_MINOR.get(major);
  if (oldest === undefined ? major > NEWEST_MAJOR : minor >= oldest) return null;
  return [
    `error: nanoagent needs Node 20.19 or newer 20, or Node 22.12 or newer. This is Node ${version}.`,
    "  do: Install Node 22, 24 or 26, then run the same command again.",
    "",
  ].join("\n");
}
