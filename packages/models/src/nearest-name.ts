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
    const cost =
      begins(known, wanted) || begins(wanted, known) ? 0.5 : isSwapped(known, wanted) ? 1 : distance(wanted, known);
    const allowed = Math.floor(Math.max(wanted.length, known.length) / 3);
    if (cost <= allowed && (best === null || cost < best.cost)) best = { candidate, cost };
  }
  return best?.candidate ?? null;
}

/** Do the two differ by two neighbouring letters that changed places? */
function isSwapped(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  const at = [...one].findIndex((letter, index) => letter !== other[index]);
  const swapped = `${one.slice(0, at)}${one[at + 1]}${one[at]}${one.slice(at + 2)}`;
  return at >= 0 && swapped === other;
}

/** Is `beginning` the first part of a longer `whole`, and long enough to say something? */
function begins(whole: string, beginning: string): boolean {
  return beginning.length >= 3 && whole.length > beginning.length && whole.startsWith(beginning);
}
