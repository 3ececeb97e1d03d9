/** Pause after a growth that memory did not admit, in milliseconds. Each failure doubles it. */
const PAUSE_MILLISECONDS = 60_000;
/** A context that was cut for pressure waits as long as after so many failures: the ladder's word is not to be undone soon. */
const FAILURES_OF_A_CUT = 4;
/** Most doublings of the pause: about six weeks, so that a device without the memory is not asked for it again and again. */
const MAX_DOUBLINGS = 17;

/** Returns so many tokens, doubled until they are enough. */
export function doubled(tokens: number, neededTokens: number): number {
  return tokens < neededTokens ? doubled(tokens * 2, neededTokens) : tokens;
}

/** An engine whose context becomes longer when it is opened again. */
export interface GrowingEngine {
  /** Context that it has now, in tokens. */
  readonly contextTokens: number;
  /** Longest context that it could ever have; `contextTokens` where its length is fixed. */
  readonly longestTokens: number;
  /** Returns the context that memory has room for if one of so many tokens is wanted. */
  admits(tokens: number): Promise<number>;
  /** Waits until nothing is asked of the engine, and opens it again with `wantedTokens`. */
  reopen(): Promise<void>;
}

export interface GrownContext {
  context_tokens: number;
  previous_tokens: number;
}

/**
 * Length of a context that is as long as conversations need it: it doubles when one of them comes near the end and memory
 * admits that, and begins anew after an idle unload. What memory refuses or pressure cuts is left alone for a while that
 * doubles each time, so that a context never grows and shrinks in a loop.
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

  /** Tokens that the next start is to have if they fit; null: as many as a first start. */
  get wantedTokens(): number | null {
    return this.#wantedTokens;
  }

  /** Whether a growth would be tried now. */
  get isOpen(): boolean {
    return this.#clock() >= this.#notBefore;
  }

  /** Begins with so many tokens, for a saved conversation that needs them. */
  want(tokens: number): void {
    this.#wantedTokens = tokens;
  }

  /** Returns to the length of a first start. */
  forget(): void {
    this.#wantedTokens = null;
  }

  /** Notes that pressure has cut the context to at most so many tokens. */
  cut(mostTokens: number): void {
    if (this.#wantedTokens === null) return;
    this.#wantedTokens = Math.min(this.#wantedTokens, mostTokens);
    this.#pause(FAILURES_OF_A_CUT);
  }

  /**
   * Makes the context long enough for so many tokens, or as long as it can be now. Returns what has changed; null where
   * nothing has. Never rejects: what fails leaves the engine as it was.
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
