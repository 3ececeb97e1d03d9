/** Numbers of threads for reading a prompt (prefill) and for generating an answer (decode). */
export interface EngineThreads {
  prefillThreads: number;
  decodeThreads: number;
}

/** Above these limits, threads of one process spend more time waiting for each other than they gain. */
const MAX_PREFILL_THREADS = 16;
const MAX_DECODE_THREADS = 8;

/**
 * Returns the numbers of threads that a plan assumes; the engine adapts them to the load of the machine. Prefill is
 * limited by computation and uses all cores. Decoding is limited by memory and gets slower with more threads than fast
 * cores: two of four cores were 11 % faster on a Raspberry Pi 5, one of two 30 to 70 % faster on a virtual machine, and
 * slow cores cost phones 30 to 40 %.
 */
export function threadPrior(cpuCores: number): EngineThreads {
  return {
    prefillThreads: Math.min(cpuCores, MAX_PREFILL_THREADS),
    decodeThreads: Math.min(Math.max(1, Math.floor(cpuCores / 2)), MAX_DECODE_THREADS),
  };
}
