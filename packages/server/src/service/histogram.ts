/** Counts of values by upper bounds. The bounds ascend; values above the last one are only in `count` and `sum`. */
export class Histogram {
  readonly bounds: readonly number[];
  readonly #counts: number[];
  #count = 0;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  /** Number of values. */
  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  /** Number of values up to each bound, in the order of the bounds. */
  get cumulativeCounts(): number[] {
    let sum = 0;
    return this.#counts.map((count) => {
      sum += count;
      return sum;
    });
  }

  /** Adds a value. A negative one counts as 0, so that the sum never decreases. */
  add(value: number): void {
    const added = Math.max(0, value);
    const index = this.bounds.findIndex((bound) => added <= bound);
    if (index >= 0) this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count += 1;
    this.#sum += added;
  }
}
