import { distance } from "fastest-levenshtein";

/**
 * The candidate that a person most likely meant by `name`, or null when none is near: at most a third of its
 * letters differ, letter case aside, or one is the beginning of the other.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | null {
  // A name longer than any that people type is no slip of the finger, and comparing it would cost time.
  if (name.length > 64) return null;
  const wanted = name.toLowerCase().replaceAll("-", "_");
  let best: { candidate: string; cost: number } | null = null;
  for (const candidate of candidates) {
    const known = candidate.toLowerCase().replaceAll("-", "_");
    const begins = wanted.length >= 3 && (known.startsWith(wanted) || wanted.startsWith(known));
    const cost = begins ? 0.5 : distance(wanted, known);
    const allowed = Math.max(1, Math.floor(Math.max(wanted.length, known.length) / 3));
    if (cost <= allowed && (best === null || cost < best.cost)) best = { candidate, cost };
  }
  return best?.candidate ?? null;
}
