/** The memory that this program has resident; null where there is no Node (or Deno, or Bun) that would tell. */
export function residentBytes(): number | null {
  const { process } = globalThis as { process?: { memoryUsage?: { rss?(): number } } };
  return process?.memoryUsage?.rss?.() ?? null;
}
