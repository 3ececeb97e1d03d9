import { BYTES_PER_MB } from "@nanoagent/models";
/** Rounds of a measurement, and notices about them. */
export interface MeasurementPlan {
  /** Numbers of threads to try, each with the buffer size per thread. */
  bandwidth: { threads: number; bytesPerThread: number }[];
  notices: string[];
}

export interface PlanMeasurementInput {
  cores: number;
  availableBytes: number;
  /** Size of the largest cache; null if unknown. */
  cacheBytes: number | null;
}

/** Most threads. On small computers, more threads do not read faster, and each one needs memory. */
const MAX_THREADS = 64;
/** Every number of threads up to this one is tried; beyond it, each next number is 1.5 times the previous. */
const EACH_UP_TO = 8;
/** Buffer size relative to the cache: a cache keeps almost nothing of a buffer four times its size. */
const CACHE_SIZES = 4;
/** Least buffer size. Enough for a cache of 16 MiB, if its size is unknown. */
const MIN_USEFUL_BYTES = 64 * BYTES_PER_MB;
const MAX_BYTES = 512 * BYTES_PER_MB;
/** Largest share of the available memory to use. */
const SHARE_OF_AVAILABLE = 1 / 8;
/** Memory of a thread without its buffer. */
const THREAD_BYTES = 6 * BYTES_PER_MB;
/** Bytes that one call of the kernel reads. */
export const CHUNK_BYTES = 256 * 1024;

/**
 * Plans the numbers of threads to try and their buffer sizes. All threads together read four times the largest cache,
 * if memory allows. The buffers use at most an eighth of the available memory, or 256 KiB per thread.
 */
export function planMeasurement({ cores, availableBytes, cacheBytes }: PlanMeasurementInput): MeasurementPlan {
  const notices: string[] = [];
  const threadsInMemory = Math.max(1, Math.floor((availableBytes * SHARE_OF_AVAILABLE) / THREAD_BYTES));
  const mostThreads = Math.max(1, Math.min(Math.ceil(cores), MAX_THREADS, threadsInMemory));
  if (threadsInMemory < Math.min(cores, MAX_THREADS)) {
    notices.push(`Only ${counted(mostThreads, "thread")} of ${cores} fit in memory.`);
  } else if (cores > MAX_THREADS) {
    notices.push(`Only ${MAX_THREADS} of ${cores} threads were tried.`);
  }
  const wanted = Math.min(MAX_BYTES, Math.max(MIN_USEFUL_BYTES, CACHE_SIZES * (cacheBytes ?? 0)));
  const total = Math.min(wanted, availableBytes * SHARE_OF_AVAILABLE);
  if (cacheBytes !== null && total < 2 * cacheBytes) {
    notices.push(
      `Bandwidth was measured on ${Math.max(1, Math.floor(total / BYTES_PER_MB))} MB, with caches of ` +
        `${Math.floor(cacheBytes / BYTES_PER_MB)} MB: memory itself may be slower.`,
    );
  }
  return {
    bandwidth: threadCounts(mostThreads).map((threads) => ({
      threads,
      bytesPerThread: Math.max(1, Math.floor(total / threads / CHUNK_BYTES)) * CHUNK_BYTES,
    })),
    notices,
  };
}

function threadCounts(most: number): number[] {
  const counts: number[] = [];
  for (let threads = 1; threads < most; threads = threads < EACH_UP_TO ? threads + 1 : Math.ceil(threads * 1.5)) {
    counts.push(threads);
  }
  return [...counts, most];
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
