import { ProcessorLoad } from "./processor-load.js";
import { ThreadChoice } from "./thread-choice.js";

/** Most threads that a plan gives to prompts and to replies. */
export interface EngineThreads {
  prefillThreads: number;
  decodeThreads: number;
}

/** Batches up to this size wait for memory as single tokens do; larger ones compute. */
const DECODE_TOKENS = 8;

/** Threads of what is evaluated in one context: a choice for prompts, and one for replies. */
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
    // Prompts are computed: fewer threads that all have a core are slower, and a trial of them is long.
    this.#prefill = new ThreadChoice({ ...machine, goal: prefillThreads, comparedTokens: prefill, triesFewer: false });
    this.#decode = new ThreadChoice({ ...machine, goal: decodeThreads, comparedTokens: { least: 1, most: 1 } });
  }

  /** Whether the next batch of a prompt would have one thread for want of knowing how many cores are free. */
  get isUnsure(): boolean {
    return this.#mayHaveMore && (this.#last !== this.#prefill || this.#prefill.isUnsure);
  }

  /** Begins a task: the machine may do other work than at the end of the last one. */
  begin(): void {
    this.#last = null;
  }

  /** Evaluates a batch of so many tokens with the threads that suit it, and learns from how it went. */
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
