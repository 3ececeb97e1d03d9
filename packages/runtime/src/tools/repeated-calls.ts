/** Number of equal rounds of calls with equal results that count as a loop. */
const ROUNDS = 3;
/** Most calls in a round. */
const MAX_ROUND_CALLS = 3;

/** Returns a key of a call that does not depend on the order of its argument names. */
export function callKey({ name, arguments: input }: { name: string; arguments: unknown }): string {
  return JSON.stringify([name, canonical(input, 0)]);
}

/** Detects a model that repeats the same calls without learning anything new. Use one instance per turn. */
export class RepeatedCalls {
  readonly #recent: string[] = [];

  /**
   * Adds a call and its result. Returns true when the same round of one to three calls occurred three times in a row.
   */
  add(name: string, input: unknown, result: string): boolean {
    this.#recent.push(JSON.stringify([name, canonical(input, 0), result]));
    if (this.#recent.length > ROUNDS * MAX_ROUND_CALLS) this.#recent.shift();
    for (let size = 1; size <= MAX_ROUND_CALLS; size++) {
      const last = this.#recent.slice(-ROUNDS * size);
      if (last.length === ROUNDS * size && last.every((call, index) => call === last[index % size])) return true;
    }
    return false;
  }
}

/** Returns the arguments in a form that does not depend on the order of names. */
function canonical(value: unknown, level: number): unknown {
  if (typeof value !== "object" || value === null || level > 32) return value;
  if (Array.isArray(value)) return value.map((item) => canonical(item, level + 1));
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return entries.map(([key, item]) => [key, canonical(item, level + 1)]);
}
