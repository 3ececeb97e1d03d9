/** Pause after a growth that failed for lack of memory, in milliseconds. It doubles with each failure. */
const PAUSE_MILLISECONDS = 60_000;
/** Failures that a cut under memory pressure counts as, so that a growth does not undo it soon. */
const FAILURES_OF_A_CUT = 4;
/** Most doublings of the pause (about six weeks), so that a device without the memory is not asked again and again. */
const MAX_DOUBLINGS = 17;

/** Returns `tokens`, doubled until it reaches `neededTokens`. */
export function doubled(tokens: number, neededTokens: number): number {
  return tokens < neededTokens ? doubled(tokens * 2, neededTokens) : tokens;
}

/** An engine that can be reopened with a longer context. */
export interface GrowingEngine {
  /** Current context, in tokens. */
  readonly contextTokens: number;
  /** Longest possible context, or `contextTokens` if the length is fixed. */
  readonly longestTokens: number;
  /** Returns the context that fits in memory if this many tokens are wanted. */
  admits(tokens: number): Promise<number>;
  /** Waits until the engine is idle, and reopens it with `wantedTokens`. */
  reopen(): Promise<void>;
}

export interface GrownContext {
  context_tokens: number;
  previous_tokens: number;
}

/**
 * Controls the length of a growing context. It doubles when a conversation nears the end and memory allows it, and
 * starts over after an idle unload. After a refusal or a cut, growth pauses for a time that doubles, so that the
 * context does not grow and shrink in a loop.
 */
export class ContextGrowth {
  readonly #clock: () => number;
  #wantedTokens: number | null = null;
  #notBefore = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  /** Context to request at the next start, in tokens. Null: the length of a first start. */
  get wantedTokens(): number | null {
    return this.#wantedTokens;
  }

  /** Whether a growth may be tried now. */
  get isOpen(): boolean {
    return this.#clock() >= this.#notBefore;
  }

  /** Requests a context for a saved conversation that needs this many tokens. */
  want(tokens: number): void {
    this.#wantedTokens = tokens;
  }

  /** Returns to the length of a first start. */
  forget(): void {
    this.#wantedTokens = null;
  }

  /** Records that memory pressure cut the context to at most this many tokens. */
  cut(mostTokens: number): void {
    if (this.#wantedTokens === null) return;
    this.#wantedTokens = Math.min(this.#wantedTokens, mostTokens);
    this.#pause(FAILURES_OF_A_CUT);
  }

  /**
   * Grows the context to this many tokens, or as far as possible now. Returns the change, or null if there is none.
   * Never rejects: a failure leaves the engine unchanged.
   */
  grow(neededTokens: number, engine: GrowingEngine): Promise<GrownContext | null> {
    const grown = this.#last.then(() => this.#grow(neededTokens, engine));
    this.#last = grown;
    return grown;
  }

  async #grow(neededTokens: number, engine: GrowingEngine): Promise<GrownContext | null> {
    const previous_tokens = engine.contextTokens;
    if (neededTokens <= previous_tokens || previous_tokens >= engine.longestTokens || !this.isOpen) return null;
    const tokens = Math.min(doubled(previous_tokens, neededTokens), engine.longestTokens);
    const before = this.#wantedTokens;
    try {
      const admitted = await engine.admits(tokens);
      if (admitted > previous_tokens) {
        this.#wantedTokens = tokens;
        await engine.reopen();
      }
      if (engine.contextTokens < tokens) this.#pause(1);
      if (engine.contextTokens > previous_tokens) return { context_tokens: engine.contextTokens, previous_tokens };
    } catch {
      this.#pause(1);
    }
    this.#wantedTokens = before;
    return null;
  }

  #pause(failures: number): void {
    this.#failures = Math.min(this.#failures + failures, MAX_DOUBLINGS);
    this.#notBefore = this.#clock() + PAUSE_MILLISECONDS * 2 ** (this.#failures - 1);
  }
}
