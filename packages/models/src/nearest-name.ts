import { distance } from "fastest-levenshtein";

/**
 * Returns the candidate that a person most likely meant by `name`, or null if none is close. Close: at most a third of
 * the letters differ, ignoring case, or one name is a prefix of the other.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | null {
  // People do not type names this long, and comparing them is slow.
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

/** Whether two names differ only by two swapped neighboring letters. */
function isSwapped(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  const at = [...one].findIndex((letter, index) => letter !== other[index]);
  const swapped = `${one.slice(0, at)}${one[at + 1]}${one[at]}${one.slice(at + 2)}`;
  return at >= 0 && swapped === other;
}

/** Whether `beginning` is a proper prefix of `whole`, of at least three letters. */
function begins(whole: string, beginning: string): boolean {
  return beginning.length >= 3 && whole.length > beginning.length && whole.startsWith(beginning);
}
