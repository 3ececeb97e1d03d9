/** Returns the resident memory of this program in bytes, or null on a platform that cannot report it, as in a browser. */
export function ownResidentBytes(): number | null {
  const { process } = globalThis as { process?: { memoryUsage?: { rss?(): number } } };
  return process?.memoryUsage?.rss?.() ?? null;
}
