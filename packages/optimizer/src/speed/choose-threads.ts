/** Threads that read a prompt, and threads that write an answer. */
export interface EngineThreads {
  prefillThreads: number;
  decodeThreads: number;
}

/** More threads of one process spend more time waiting for each other than they gain. */
const MAX_PREFILL_THREADS = 16;
const MAX_DECODE_THREADS = 8;

/**
 * Returns the threads that a plan stands on; the engine then goes by what else the machine does. Reading a prompt is
 * limited by computation and uses all cores. Answering is limited by memory, and gets slower with more threads than
 * fast cores: two of four were 11 % faster on a Raspberry Pi 5, one of two 30 to 70 % on a virtual machine, and slow
 * cores cost phones 30 to 40 %.
 */
export function threadPrior(cpuCores: number): EngineThreads {
  return {
    prefillThreads: Math.min(cpuCores, MAX_PREFILL_THREADS),
    decodeThreads: Math.min(Math.max(1, Math.floor(cpuCores / 2)), MAX_DECODE_THREADS),
  };
}
