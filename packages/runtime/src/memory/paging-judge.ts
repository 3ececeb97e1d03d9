/** One look at an engine's process. */
export interface PagingSample {
  /** When, in milliseconds. */
  time: number;
  /** How often it has waited for a page from storage, since it began. */
  majorFaults: number;
  /** How many tokens it has evaluated since it began. */
  work: number;
}

const WINDOW_MILLISECONDS = 10_000;
/** A hundred waits a second, for ten seconds: a disk does little else. */
const MANY_FAULTS = 1000;
/** The kernel reads at least this much of a mapped file ahead at each wait; more on most systems. */
const LEAST_READ_AHEAD_BYTES = 2 ** 16;
/** Every page may be waited for once as the file comes in, and once more after a while of rest. */
const HONEST_READS = 2;
/** An engine that is this much slower than it has been does not work, it waits. */
const COLLAPSED_SHARE = 0.25;

/**
 * Whether an engine only pages: mapped weights that do not fit are dropped and read again, for minutes, where an allocation
 * would have failed. It does when it waits for storage all the time, has long read its whole file in, and works at a
 * fraction of its best speed.
 */
export class PagingJudge {
  readonly #honestFaults: number;
  #samples: PagingSample[] = [];
  #bestRate = 0;

  constructor(fileBytes: number) {
    this.#honestFaults = (fileBytes / LEAST_READ_AHEAD_BYTES) * HONEST_READS;
  }

  /** Takes the next sample of a process that is busy. */
  isPaging(sample: PagingSample): boolean {
    this.#samples.push(sample);
    while (sample.time - (this.#samples[0] as PagingSample).time > WINDOW_MILLISECONDS) this.#samples.shift();
    const first = this.#samples[0] as PagingSample;
    const elapsed = sample.time - first.time;
    // Half a window is enough to know a rate by; a verdict needs the whole of it.
    if (elapsed < WINDOW_MILLISECONDS / 2) return false;
    const rate = (sample.work - first.work) / elapsed;
    const collapsed = rate < this.#bestRate * COLLAPSED_SHARE || rate === 0;
    this.#bestRate = Math.max(this.#bestRate, rate);
    return (
      elapsed >= WINDOW_MILLISECONDS * 0.9 &&
      sample.majorFaults - first.majorFaults >= MANY_FAULTS &&
      sample.majorFaults > this.#honestFaults &&
      collapsed
    );
  }

  /** What comes next is another piece of work: its beginning is no part of the last one's window. */
  rest(): void {
    this.#samples = [];
  }
}
