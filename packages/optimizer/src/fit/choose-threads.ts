import type { ThreadTrial } from "@nanoagent/models";

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

/** More threads that gain less are not worth what they take from others. */
const LEAST_GAIN = 1.03;

/** Threads by trials of a model on this device: the fastest; the fewest of those that make no difference. */
export function threadsByTrial(trials: readonly ThreadTrial[], cpuCores: number): ReturnType<typeof threadPrior> {
  const prior = threadPrior(cpuCores);
  return {
    prefillThreads: fastest(trials, "prefill_tokens_per_second") ?? prior.prefillThreads,
    decodeThreads: fastest(trials, "decode_tokens_per_second") ?? prior.decodeThreads,
  };
}

function fastest(
  trials: readonly ThreadTrial[],
  rate: "prefill_tokens_per_second" | "decode_tokens_per_second",
): number | null {
  const [first, ...others] = [...trials].sort((one, other) => one.threads - other.threads);
  if (first === undefined) return null;
  return others.reduce((best, next) => (next[rate] > best[rate] * LEAST_GAIN ? next : best), first).threads;
}
