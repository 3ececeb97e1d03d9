import { BYTES_PER_MB } from "@nanoagent/models";
/** Rounds of a measurement, and the notices that they call for. */
export interface MeasurementPlan {
  /** For each number of threads that is tried, what each of them reads, over and over. */
  bandwidth: { threads: number; bytesPerThread: number }[];
  notices: string[];
}

export interface PlanMeasurementInput {
  cores: number;
  availableBytes: number;
  /** The largest cache; null where it is not known. */
  cacheBytes: number | null;
}

/** More threads than these read no faster on what this is made for, and each takes memory. */
const MAX_THREADS = 64;
/** Up to here each number of threads is tried; beyond it, those half as many again. */
const EACH_UP_TO = 8;
/** Read over and over, a cache keeps next to nothing of a buffer four times its size. */
const CACHE_SIZES = 4;
/** Enough for a cache of 16 MiB, where its size is not known. */
const MIN_USEFUL_BYTES = 64 * BYTES_PER_MB;
const MAX_BYTES = 512 * BYTES_PER_MB;
/** Share of the available memory; other programs keep the rest. */
const SHARE_OF_AVAILABLE = 1 / 8;
/** What a thread takes before it has a buffer. */
const THREAD_BYTES = 6 * BYTES_PER_MB;
/** What one call of the kernel reads. */
export const CHUNK_BYTES = 256 * 1024;

/**
 * How many threads are tried, and how much they read. All threads together read one amount, four times the largest
 * cache where memory allows; buffers take at most an eighth of the available memory, or 256 KiB for each thread.
 */
export function planMeasurement({ cores, availableBytes, cacheBytes }: PlanMeasurementInput): MeasurementPlan {
  const notices: string[] = [];
  const threadsInMemory = Math.max(1, Math.floor((availableBytes * SHARE_OF_AVAILABLE) / THREAD_BYTES));
  const mostThreads = Math.max(1, Math.min(Math.ceil(cores), MAX_THREADS, threadsInMemory));
  if (threadsInMemory < Math.min(cores, MAX_THREADS)) {
    notices.push(`There is memory for ${counted(mostThreads, "thread")} only, of ${cores}.`);
  } else if (cores > MAX_THREADS) {
    notices.push(`No more than ${MAX_THREADS} threads were tried, of ${cores}.`);
  }
  const wanted = Math.min(MAX_BYTES, Math.max(MIN_USEFUL_BYTES, CACHE_SIZES * (cacheBytes ?? 0)));
  const total = Math.min(wanted, availableBytes * SHARE_OF_AVAILABLE);
  if (cacheBytes !== null && total < 2 * cacheBytes) {
    notices.push(
      `Bandwidth was measured on ${Math.max(1, Math.floor(total / BYTES_PER_MB))} MB, which caches of ${Math.floor(cacheBytes / BYTES_PER_MB)} MB hold in part: memory itself may be slower.`,
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
