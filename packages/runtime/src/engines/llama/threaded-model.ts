import type { BatchThreads } from "./batch-threads.js";
import type { LoadedModel } from "./loaded-model.js";
import type { TokenEvaluator } from "./prompt-cache.js";

/** Evaluates the tokens of a loaded model's context with a number of threads that suits the machine's current load. */
export class ThreadedModel implements TokenEvaluator {
  readonly #loaded: LoadedModel;
  readonly #threads: BatchThreads;

  constructor(loaded: LoadedModel, threads: BatchThreads) {
    this.#loaded = loaded;
    this.#threads = threads;
  }

  get isUnsure(): boolean {
    return this.#threads.isUnsure;
  }

  evaluate(position: number, tokens: readonly number[]): Promise<number> {
    return this.#threads.evaluate(this.#loaded, tokens.length, () => this.#loaded.evaluate(position, tokens));
  }

  evaluateEach(position: number, tokens: readonly number[], from: number): Promise<readonly number[]> {
    const batch = () => this.#loaded.evaluateEach(position, tokens, from);
    return this.#threads.evaluate(this.#loaded, tokens.length, batch);
  }

  canRemoveFrom(position: number): boolean {
    return this.#loaded.canRemoveFrom(position);
  }

  removeFrom(position: number): boolean {
    return this.#loaded.removeFrom(position);
  }
}
