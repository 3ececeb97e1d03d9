/** One sample of an engine's process. */
export interface PagingSample {
  /** Time of the sample, in milliseconds. */
  time: number;
  /** Waits for a page from storage (major page faults) since the process began. */
  majorFaults: number;
  /** Tokens evaluated since the process began. */
  work: number;
}

const WINDOW_MILLISECONDS = 10_000;
/** Faults in one window that count as paging: a hundred waits a second keep a disk busy. */
const MIN_PAGING_FAULTS = 1000;
/** Bytes of a mapped file that the kernel reads at each wait; most systems read more. */
const MIN_READ_AHEAD_BYTES = 2 ** 16;
/** Waits for each page of a file that are normal: one as the file is first read, one more after an idle time. */
const NORMAL_READS = 2;
/** Share of its best speed below which an engine counts as waiting. */
const COLLAPSED_SHARE = 0.25;

/**
 * Detects an engine that only pages: mapped weights that do not fit in memory are dropped and read again for minutes. The
 * engine pages when it waits for storage all the time, has read its whole file long ago, and works at a fraction of its
 * best speed.
 */
export class PagingDetector {
  readonly #normalFaults: number;
  #samples: PagingSample[] = [];
  #bestRate = 0;

  constructor(fileBytes: number) {
    this.#normalFaults = (fileBytes / MIN_READ_AHEAD_BYTES) * NORMAL_READS;
  }

  /** Adds a sample of a busy process, and says whether the process only pages. */
  isPaging(sample: PagingSample): boolean {
    this.#samples.push(sample);
    while (sample.time - (this.#samples[0] as PagingSample).time > WINDOW_MILLISECONDS) this.#samples.shift();
    const first = this.#samples[0] as PagingSample;
    const elapsed = sample.time - first.time;
    // Half a window is enough to measure a rate; a verdict needs the whole window.
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
