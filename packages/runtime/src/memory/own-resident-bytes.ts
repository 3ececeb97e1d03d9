/**
 * Returns the resident memory of this program in bytes, or null where it cannot be read: in a browser, or on Linux without
 * `/proc`, where Node throws.
 */
export function ownResidentBytes(): number | null {
  const { process } = globalThis as { process?: { memoryUsage?: { rss?(): number } } };
  try {
    return process?.memoryUsage?.rss?.() ?? null;
  } catch {
    return null;
  }
}
