/** Going in circles is the same round of calls, with the same results, this often. */
const ROUNDS = 3;
/** Calls in a round, at most. */
const MAX_ROUND_CALLS = 3;

/** Returns a text that is the same for the same call, whatever the order of its arguments' names. */
export function callKey({ name, arguments: input }: { name: string; arguments: unknown }): string {
  return JSON.stringify([name, canonical(input, 0)]);
}

/** Notices that a model calls the same tools again and again and learns nothing new: for one turn. */
export class RepeatedCalls {
  readonly #recent: string[] = [];

  /** Takes a call and its result. True when the last calls were three times the same round of one to three. */
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

/** The same for the same arguments, whatever the order of their names. */
function canonical(value: unknown, level: number): unknown {
  if (typeof value !== "object" || value === null || level > 32) return value;
  if (Array.isArray(value)) return value.map((item) => canonical(item, level + 1));
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return entries.map(([key, item]) => [key, canonical(item, level + 1)]);
}
