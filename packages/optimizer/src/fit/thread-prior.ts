/**
 * Threads before any trial. Reading a prompt is limited by computing, and uses all cores; answering by memory, and is
 * slower with more threads than fast cores: two of four were 11 % faster on a Raspberry Pi 5, one of two 30 to 70 % on a
 * virtual machine, and slow cores cost phones 30 to 40 %.
 */
export function threadPrior(cpuCores: number): { prefillThreads: number; decodeThreads: number } {
  return {
    prefillThreads: Math.min(cpuCores, MOST_PREFILL_THREADS),
    decodeThreads: Math.min(Math.max(1, Math.floor(cpuCores / 2)), MOST_DECODE_THREADS),
  };
}

/** Beyond these, threads of one process wait for each other more than they compute. */
const MOST_PREFILL_THREADS = 16;
const MOST_DECODE_THREADS = 8;
