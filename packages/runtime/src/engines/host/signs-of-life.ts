import { readFileSync } from "node:fs";

/** The work that the kernel has counted for a process, from its start on. */
export interface ProcessWork {
  /** Processor time of all its threads. */
  cpuMilliseconds: number;
  /** Processor time of its main thread. */
  mainThreadMilliseconds: number;
  /** Pages that it was given: it grows while a slow disk delivers a file. */
  pageFaults: number;
}

/** How long a process may be silent. */
export interface Patience {
  /** By the clock, while it does next to nothing: it waits for something that does not come. */
  stillMilliseconds: number;
  /** By the processor time of its main thread, which gives the signs of life: it computes without an end. */
  mainThreadMilliseconds: number;
  /** By the processor time of all its threads: native code in one of them computes without an end. */
  cpuMilliseconds: number;
  /** By the clock, where the system does not report the work of a process. */
  clockMilliseconds: number;
}

/** The way in which a process hangs: it stands still, computes without an end, or is silent on a system that reports no more. */
export type Hang = "still" | "endless" | "silent";

/** The longest time between two looks at a process. After a longer one this program itself was stopped, and perhaps both. */
const LONGEST_LOOK_MILLISECONDS = 3_000;

/** Less work than this in the whole time that a process may stand still is that of its timers. */
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
  /** Work until the last sign of life; null until it is read. */
  #seenWork: ProcessWork | null = null;
  #movedAt: number;
  #movedWork: ProcessWork | null = null;

  constructor(patience: Patience, read: () => ProcessWork | null, now: number) {
    this.#patience = patience;
    this.#read = read;
    this.#seenAt = now;
    this.#lookedAt = now;
    this.#movedAt = now;
  }

  /** Takes in a sign of life. */
  see(now: number): void {
    this.#seenAt = now;
    this.#movedAt = now;
    this.#seenWork = null;
    this.#movedWork = null;
  }

  /** Says how the process hangs, or null. Call it about once a second while something is expected of the process. */
  findHang(now: number): Hang | null {
    if (now - this.#lookedAt > LONGEST_LOOK_MILLISECONDS) this.see(now);
    this.#lookedAt = now;
    const work = this.#read();
    if (work === null) return now - this.#seenAt >= this.#patience.clockMilliseconds ? "silent" : null;
    this.#seenWork ??= work;
    if (this.#movedWork === null || !isIdle(this.#movedWork, work)) {
      this.#movedWork = work;
      this.#movedAt = now;
    }
    if (now - this.#movedAt >= this.#patience.stillMilliseconds) return "still";
    const isEndless =
      work.mainThreadMilliseconds - this.#seenWork.mainThreadMilliseconds >= this.#patience.mainThreadMilliseconds ||
      work.cpuMilliseconds - this.#seenWork.cpuMilliseconds >= this.#patience.cpuMilliseconds;
    return isEndless ? "endless" : null;
  }
}

function isIdle(before: ProcessWork, after: ProcessWork): boolean {
  return (
    after.cpuMilliseconds - before.cpuMilliseconds < IDLE_CPU_MILLISECONDS &&
    after.pageFaults - before.pageFaults < IDLE_PAGE_FAULTS
  );
}

/** Linux counts processor time in hundredths of a second for every program, whatever its own clock is. */
const MILLISECONDS_PER_TICK = 10;

/** Reads the work of a process from the kernel; null where the system does not report it. */
export function readProcessWork(processId: number): ProcessWork | null {
  if (process.platform !== "linux") return null;
  try {
    const { cpuMilliseconds, pageFaults } = readStatistics(`/proc/${processId}/stat`);
    const main = readStatistics(`/proc/${processId}/task/${processId}/stat`);
    return { cpuMilliseconds, pageFaults, mainThreadMilliseconds: main.cpuMilliseconds };
  } catch {
    return null;
  }
}

function readStatistics(file: string): { cpuMilliseconds: number; pageFaults: number } {
  // The name of the program stands in parentheses and may contain any character.
  const fields = readFileSync(file, "latin1")
    .replace(/^.*\) /s, "")
    .split(" ")
    .map(Number);
  const [minorFaults = 0, , majorFaults = 0, , userTicks = 0, systemTicks = 0] = fields.slice(7);
  return {
    cpuMilliseconds: (userTicks + systemTicks) * MILLISECONDS_PER_TICK,
    pageFaults: minorFaults + majorFaults,
  };
}
