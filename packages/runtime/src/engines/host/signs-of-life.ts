/** Work that the kernel has counted for a process since its start. */
export interface ProcessWork {
  /** Processor time of all its threads. */
  cpuMilliseconds: number;
  /** Processor time of its main thread. */
  mainThreadMilliseconds: number;
  /** Pages that it was given: the number grows while a slow disk delivers a file. */
  pageFaults: number;
  /** Bytes that it wrote to files. Default: 0. */
  bytesWritten?: number | undefined;
  /** Tells whether it waits for a disk at this moment. Default: it does not. */
  waitsForDisk?: (() => boolean) | undefined;
}

/** How long a process may be silent. */
export interface Patience {
  /** By the clock, while it does next to nothing: it waits for something that does not come. */
  stillMilliseconds: number;
  /** By the clock, while it does nothing but wait for a disk. Default: `stillMilliseconds`. */
  diskMilliseconds?: number | undefined;
  /** By the processor time of its main thread, which gives the signs of life: it computes endlessly. */
  mainThreadMilliseconds: number;
  /** By the processor time of all its threads: native code in one of them computes endlessly. */
  cpuMilliseconds: number;
  /** By the clock, where the system does not report the work of a process. */
  clockMilliseconds: number;
}

/** The way in which a process hangs: it stands still, computes endlessly, or is silent on a system that reports no more. */
export type Hang = "still" | "endless" | "silent";

/** Longest time between two looks at a process. After a longer one this program itself was stopped, and perhaps both. */
const LONGEST_LOOK_MILLISECONDS = 3_000;

/** Less work than this, in all the time that a process may stand still, is only that of its timers. */
const IDLE_CPU_MILLISECONDS = 200;
const IDLE_PAGE_FAULTS = 64;

/**
 * Tells a process that hangs from one that is slow. Between two signs of life it may take as long as the machine needs:
 * an emulator, a busy neighbor and a slow disk delay its work, but they do not stop it. Only a process that stands still,
 * or that has computed for longer than any step of its work takes, hangs.
 */
export class SignsOfLife {
  readonly #patience: Patience;
  readonly #read: () => ProcessWork | null;
  #seenAt: number;
  #lookedAt: number;
  /** Processor time at the last sign of life; null until it is read. */
  #seenCpu: number | null = null;
  #seenMainThread: number | null = null;
  /** Time of the last look at which the process had worked, or was waiting for a disk in good time. */
  #movedAt: number;
  #workedAt: number;
  #lastWork: ProcessWork | null = null;

  constructor(patience: Patience, read: () => ProcessWork | null, now: number) {
    this.#patience = patience;
    this.#read = read;
    this.#seenAt = now;
    this.#lookedAt = now;
    this.#movedAt = now;
    this.#workedAt = now;
  }

  /** Takes in a sign of life. */
  see(now: number): void {
    this.#seenAt = now;
    this.#movedAt = now;
    this.#workedAt = now;
    this.#lastWork = null;
    this.#seenCpu = null;
    this.#seenMainThread = null;
  }

  /** Takes in a sign that the main thread goes on, which says nothing of the work that another thread does for it. */
  seeMainThread(): void {
    this.#seenMainThread = null;
  }

  /** Says how the process hangs, or null. Call it about once a second while something is expected of the process. */
  findHang(now: number): Hang | null {
    if (now - this.#lookedAt > LONGEST_LOOK_MILLISECONDS) this.see(now);
    this.#lookedAt = now;
    const work = this.#read();
    if (work === null) return now - this.#seenAt >= this.#patience.clockMilliseconds ? "silent" : null;
    const { stillMilliseconds, diskMilliseconds = stillMilliseconds } = this.#patience;
    this.#seenCpu ??= work.cpuMilliseconds;
    this.#seenMainThread ??= work.mainThreadMilliseconds;
    if (this.#lastWork === null || !isIdle(this.#lastWork, work)) {
      this.#lastWork = work;
      this.#movedAt = now;
      this.#workedAt = now;
    } else if (now - this.#workedAt < diskMilliseconds && work.waitsForDisk?.()) {
      this.#movedAt = now;
    }
    if (now - this.#movedAt >= stillMilliseconds) return "still";
    const isEndless =
      work.mainThreadMilliseconds - this.#seenMainThread >= this.#patience.mainThreadMilliseconds ||
      work.cpuMilliseconds - this.#seenCpu >= this.#patience.cpuMilliseconds;
    return isEndless ? "endless" : null;
  }
}

function isIdle(before: ProcessWork, after: ProcessWork): boolean {
  return (
    after.cpuMilliseconds - before.cpuMilliseconds < IDLE_CPU_MILLISECONDS &&
    after.pageFaults - before.pageFaults < IDLE_PAGE_FAULTS &&
    (after.bytesWritten ?? 0) === (before.bytesWritten ?? 0)
  );
}
