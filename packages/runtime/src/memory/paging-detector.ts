/** One sample of an engine's process. */
export interface PagingSample {
  /** Time of the sample, in milliseconds. */
  time: number;
  /** Number of waits for a page from storage (major page faults) since the process started. */
  majorFaults: number;
  /** Tokens evaluated since the process started. */
  work: number;
}

const WINDOW_MILLISECONDS = 10_000;
/** Page faults per window that count as paging. A hundred per second keep a disk busy. */
const MIN_PAGING_FAULTS = 1000;
/** Bytes of a mapped file that the kernel reads per fault. Most systems read more. */
const MIN_READ_AHEAD_BYTES = 2 ** 16;
/** Normal number of faults per page of a file: one on first use, one more after an idle period. */
const NORMAL_READS = 2;
/** Share of its best speed below which an engine counts as stalled. */
const COLLAPSED_SHARE = 0.25;

/**
 * Detects an engine that only pages: mapped weights that do not fit in memory are dropped and read again for minutes.
 * An engine pages if it waits for storage constantly, has already read its whole file, and works at a fraction of its
 * best speed.
 */
export class PagingDetector {
  readonly #normalFaults: number;
  #samples: PagingSample[] = [];
  #bestRate = 0;

  constructor(fileBytes: number) {
    this.#normalFaults = (fileBytes / MIN_READ_AHEAD_BYTES) * NORMAL_READS;
  }

  /** Adds a sample of a busy process. Returns whether the process only pages. */
  isPaging(sample: PagingSample): boolean {
    this.#samples.push(sample);
    while (sample.time - (this.#samples[0] as PagingSample).time > WINDOW_MILLISECONDS) this.#samples.shift();
    const first = this.#samples[0] as PagingSample;
    const elapsed = sample.time - first.time;
    // Half a window is enough to measure speed; a verdict needs the whole window.
    if (elapsed < WINDOW_MILLISECONDS / 2) return false;
    const rate = (sample.work - first.work) / elapsed;
    const collapsed = rate < this.#bestRate * COLLAPSED_SHARE || rate === 0;
    this.#bestRate = Math.max(this.#bestRate, rate);
    return (
      elapsed >= WINDOW_MILLISECONDS * 0.9 &&
      sample.majorFaults - first.majorFaults >= MIN_PAGING_FAULTS &&
      sample.majorFaults > this.#normalFaults &&
      collapsed
    );
  }

  /** Starts a new window: the next sample belongs to another piece of work. */
  rest(): void {
    this.#samples = [];
  }
}
