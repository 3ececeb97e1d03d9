import { cpus } from "node:os";

/** Shortest time over which the use of the cores is counted: systems count it in steps of 10 milliseconds or more. */
const SHORTEST_WINDOW_MILLISECONDS = 100;
/** A count over a longer time says little about now. */
const LONGEST_WINDOW_MILLISECONDS = 3_000;

/** What a machine has counted since it started, in milliseconds. */
export interface ProcessorTimes {
  now: number;
  /** Time in which cores had nothing to do, summed over all of them; zero where the system does not tell. */
  idle: number;
  /** Processor time of this process. */
  own: number;
}

/** Number of cores that other processes leave to this one, counted over the last moments. */
export class ProcessorLoad {
  readonly #read: () => ProcessorTimes;
  #last: ProcessorTimes;
  #freeCores: number | null = null;

  constructor(read: () => ProcessorTimes = readProcessorTimes) {
    this.#read = read;
    this.#last = read();
  }

  /**
   * Cores that are idle or work for this process: as many as one likes where the system does not tell. Null where the last
   * look was just now or long ago: then the time until the next look counts.
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
