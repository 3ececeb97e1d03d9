import { cpus } from "node:os";

/** Shortest window for measuring core usage. Systems count in steps of 10 ms or more. */
const SHORTEST_WINDOW_MILLISECONDS = 100;
/** Longest window. An average over more time says little about the present. */
const LONGEST_WINDOW_MILLISECONDS = 3_000;

/** Processor time counters of a machine, in milliseconds since its start. */
export interface ProcessorTimes {
  now: number;
  /** Idle time summed over all cores, or zero if the system does not report it. */
  idle: number;
  /** Processor time of this process. */
  own: number;
}

/** Measures how many cores other processes leave to this one. */
export class ProcessorLoad {
  readonly #read: () => ProcessorTimes;
  #last: ProcessorTimes;
  #freeCores: number | null = null;

  constructor(read: () => ProcessorTimes = readProcessorTimes) {
    this.#read = read;
    this.#last = read();
  }

  /**
   * Returns the number of cores that are idle or work for this process, or Infinity if the system does not report it.
   * Null until a window of suitable length has been measured.
   */
  freeCores(): number | null {
    const last = this.#last;
    const times = this.#read();
    if (times.idle === 0) return Number.POSITIVE_INFINITY;
    const elapsed = times.now - last.now;
    if (elapsed < SHORTEST_WINDOW_MILLISECONDS) return this.#freeCores;
    this.#last = times;
    const free = (times.idle - last.idle + times.own - last.own) / elapsed;
    this.#freeCores = elapsed > LONGEST_WINDOW_MILLISECONDS ? null : Math.max(0, free);
    return this.#freeCores;
  }
}

function readProcessorTimes(): ProcessorTimes {
  const idle = cpus().reduce((sum, { times }) => sum + times.idle, 0);
  const { user, system } = process.cpuUsage();
  return { now: performance.now(), idle, own: (user + system) / 1_000 };
}
