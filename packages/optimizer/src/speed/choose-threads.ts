import type { ThreadTrial } from "@nanoagent/models";

/** Threads that read a prompt, and threads that write an answer. */
export interface EngineThreads {
  prefillThreads: number;
  decodeThreads: number;
}

/** More threads of one process spend more time waiting for each other than they gain. */
const MAX_PREFILL_THREADS = 16;
const MAX_DECODE_THREADS = 8;

/** A larger number of threads is chosen only if it is faster by this factor: other processes need the cores as well. */
export const MIN_THREAD_GAIN = 1.03;

/**
 * Returns the threads to use before any trial. Reading a prompt is limited by computation and uses all cores. Answering is
 * limited by memory, and gets slower with more threads than fast cores: two of four were 11 % faster on a Raspberry Pi 5,
 * one of two 30 to 70 % on a virtual machine, and slow cores cost phones 30 to 40 %.
 */
export function threadPrior(cpuCores: number): EngineThreads {
  return {
    prefillThreads: Math.min(cpuCores, MAX_PREFILL_THREADS),
    decodeThreads: Math.min(Math.max(1, Math.floor(cpuCores / 2)), MAX_DECODE_THREADS),
  };
}

/**
 * Returns the fastest threads by trials of a model on this device, and the fewest among those that make no difference. Trials
 * with more threads than there are cores now do not count.
 */
export function threadsByTrial(trials: readonly ThreadTrial[], cpuCores: number): EngineThreads {
  const prior = threadPrior(cpuCores);
  const possible = trials.filter(({ threads }) => threads <= cpuCores);
  return {
    prefillThreads: fastest(possible, "prefill_tokens_per_second") ?? prior.prefillThreads,
    decodeThreads: fastest(possible, "decode_tokens_per_second") ?? prior.decodeThreads,
  };
}

function fastest(
  trials: readonly ThreadTrial[],
  rate: "prefill_tokens_per_second" | "decode_tokens_per_second",
): number | null {
  const [first, ...others] = [...trials].sort((one, other) => one.threads - other.threads);
  if (first === undefined) return null;
  return others.reduce((best, next) => (next[rate] > best[rate] * MIN_THREAD_GAIN ? next : best), first).threads;
}
