import { ProcessorLoad } from "./processor-load.js";
import { ThreadChoice } from "./thread-choice.js";

/** Most threads that a plan gives to prompts and to replies. */
export interface EngineThreads {
  prefillThreads: number;
  decodeThreads: number;
}

/** Batches up to this size are limited by memory bandwidth, like single tokens; larger ones by computation. */
const DECODE_TOKENS = 8;

/** Thread counts for one context: one choice for prompts and one for replies. */
export class BatchThreads {
  readonly #prefill: ThreadChoice;
  readonly #decode: ThreadChoice;
  readonly #mayHaveMore: boolean;
  #last: ThreadChoice | null = null;

  constructor({ prefillThreads, decodeThreads }: EngineThreads) {
    const load = new ProcessorLoad();
    this.#mayHaveMore = prefillThreads > 1;
    const machine = { most: prefillThreads, freeCores: () => load.freeCores() };
    const prefill = { least: 2 * DECODE_TOKENS, most: Number.POSITIVE_INFINITY };
    // Prompts are limited by computation: fewer threads are slower while each has a core, and a trial takes long.
    this.#prefill = new ThreadChoice({ ...machine, goal: prefillThreads, comparedTokens: prefill, triesFewer: false });
    this.#decode = new ThreadChoice({ ...machine, goal: decodeThreads, comparedTokens: { least: 1, most: 1 } });
  }

  /** Whether the next batch of a prompt would use one thread because the number of free cores is unknown. */
  get isUnsure(): boolean {
    return this.#mayHaveMore && (this.#last !== this.#prefill || this.#prefill.isUnsure);
  }

  /** Starts a task. The machine may have other work than at the end of the last task. */
  begin(): void {
    this.#last = null;
  }

  /** Evaluates a batch of `tokens` tokens with a suitable number of threads, and learns from the time it took. */
  async evaluate<Result>(
    context: { setThreads: (threads: number) => void },
    tokens: number,
    batch: () => Promise<Result>,
  ): Promise<Result> {
    const choice = tokens > DECODE_TOKENS ? this.#prefill : this.#decode;
    if (choice !== this.#last) choice.begin();
    this.#last = choice;
    context.setThreads(choice.threads);
    const before = process.resourceUsage();
    const began = performance.now();
    const result = await batch();
    const milliseconds = performance.now() - began;
    const { userCPUTime, systemCPUTime, majorPageFault } = process.resourceUsage();
    choice.add({
      tokens,
      milliseconds,
      processorMilliseconds: (userCPUTime - before.userCPUTime + systemCPUTime - before.systemCPUTime) / 1_000,
      readsDisk: majorPageFault > before.majorPageFault,
    });
    return result;
  }
}
