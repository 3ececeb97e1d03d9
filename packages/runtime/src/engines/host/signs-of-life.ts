import { readFileSync } from "node:fs";

/** The work that the kernel has counted for a process, from its start on. */
export interface ProcessWork {
  cpuMilliseconds: number;
  /** Pages that it was given: it grows while a slow disk delivers a file. */
  pageFaults: number;
}

/** How long a process may be silent. */
export interface Patience {
  /** By the clock, while it does next to nothing: it waits for something that does not come. */
  stillMilliseconds: number;
  /** By the processor time that it takes: it computes without an end. */
  cpuMilliseconds: number;
  /** By the clock, where the system does not report the work of a process. */
  clockMilliseconds: number;
}

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
  /** Work until the last sign of life; null until it is read. */
  #seenWork: ProcessWork | null = null;
  #movedAt: number;
  #movedWork: ProcessWork | null = null;

  constructor(patience: Patience, read: () => ProcessWork | null, now: number) {
    this.#patience = patience;
    this.#read = read;
    this.#seenAt = now;
    this.#movedAt = now;
  }

  /** Takes in a sign of life. */
  see(now: number): void {
    this.#seenAt = now;
    this.#movedAt = now;
    this.#seenWork = null;
    this.#movedWork = null;
  }

  /** Whether the process hangs. Call it about once a second while something is expected of the process. */
  isHung(now: number): boolean {
    const work = this.#read();
    if (work === null) return now - this.#seenAt >= this.#patience.clockMilliseconds;
    this.#seenWork ??= work;
    if (this.#movedWork === null || !isIdle(this.#movedWork, work)) {
      this.#movedWork = work;
      this.#movedAt = now;
    }
    if (now - this.#movedAt >= this.#patience.stillMilliseconds) return true;
    return work.cpuMilliseconds - this.#seenWork.cpuMilliseconds >= this.#patience.cpuMilliseconds;
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
    // The name of the program stands in parentheses and may contain any character.
    const fields = readFileSync(`/proc/${processId}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ")
      .map(Number);
    const [minorFaults = 0, , majorFaults = 0, , userTicks = 0, systemTicks = 0] = fields.slice(7);
    return {
      cpuMilliseconds: (userTicks + systemTicks) * MILLISECONDS_PER_TICK,
      pageFaults: minorFaults + majorFaults,
    };
  } catch {
    return null;
  }
}
