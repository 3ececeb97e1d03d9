/** Work of a process since its start, as counted by the kernel. */
export interface ProcessWork {
  /** Processor time of all threads. */
  cpuMilliseconds: number;
  /** Processor time of the main thread. */
  mainThreadMilliseconds: number;
  /** Page faults. The number grows while a slow disk delivers a file. */
  pageFaults: number;
  /** Bytes written to files. Default: 0. */
  bytesWritten?: number | undefined;
  /** Returns whether the process waits for a disk right now. Default: false. */
  waitsForDisk?: (() => boolean) | undefined;
}

/** Limits on how long a process may be silent. */
export interface Patience {
  /** Wall-clock time with almost no work, as when the process waits for something that never arrives. */
  stillMilliseconds: number;
  /** Wall-clock time spent only waiting for a disk. Default: `stillMilliseconds`. */
  diskMilliseconds?: number | undefined;
  /** Processor time of the main thread, which sends the signs of life. More means an endless loop. */
  mainThreadMilliseconds: number;
  /** Processor time of all threads. More means an endless loop in native code. */
  cpuMilliseconds: number;
  /** Wall-clock time, where the system does not report the work of a process. */
  clockMilliseconds: number;
}

/** How a process hangs: it is idle, computes without end, or is silent on a system that reports no work. */
export type Hang = "still" | "endless" | "silent";

/** Longest time between two checks. After a longer gap, this program itself was suspended, and maybe both were. */
const LONGEST_LOOK_MILLISECONDS = 3_000;

/** Less work than this within `stillMilliseconds` comes only from timers. */
const IDLE_CPU_MILLISECONDS = 200;
const IDLE_PAGE_FAULTS = 64;

/**
 * Distinguishes a process that hangs from a slow one. Between two signs of life the machine may be as slow as it likes:
 * emulators, busy neighbors and slow disks delay work but do not stop it. Only a process that is idle, or that has
 * computed for longer than any step of its work needs, hangs.
 */
export class SignsOfLife {
  readonly #patience: Patience;
  readonly #read: () => ProcessWork | null;
  #seenAt: number;
  #lookedAt: number;
  /** Processor time at the last sign of life, or null before the first reading. */
  #seenCpu: number | null = null;
  #seenMainThread: number | null = null;
  /** Time of the last check at which the process had worked, or had not yet waited too long for a disk. */
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

  /** Records a sign of life. */
  see(now: number): void {
    this.#seenAt = now;
    this.#movedAt = now;
    this.#workedAt = now;
    this.#lastWork = null;
    this.#seenCpu = null;
    this.#seenMainThread = null;
  }

  /** Records that the main thread runs. This does not show progress of work in other threads. */
  seeMainThread(): void {
    this.#seenMainThread = null;
  }

  /** Returns how the process hangs, or null. Call it about once a second while the process is expected to work. */
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
