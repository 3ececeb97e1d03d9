import { DraftPayoff, MAX_CHECKED_TOKENS } from "./draft-payoff.js";
import { type FoundPlace, LookupDraft } from "./lookup-draft.js";
import { processorClock } from "./processor-clock.js";
import type { PromptCache } from "./prompt-cache.js";

/** Interface of {@link DraftPayoff}. */
export type Payoff = Pick<DraftPayoff, "noteBatch" | "noteGuess" | "noteDraft" | "draftTokens" | "paysTogether">;

export interface DraftOptions {
  /** Most tokens per batch. */
  batchTokens: number;
  /** Most tokens to draft after the next one; 0 disables drafts. Default: as many as pay off. */
  draftTokens?: number | undefined;
  /** Decides how much to draft. Default: a {@link DraftPayoff}. */
  payoff?: Payoff | undefined;
  /** Clock in milliseconds. Default: processor time. */
  clock?: (() => number) | undefined;
}

/**
 * Evaluates the tokens of replies together with tokens that are expected to follow. It lives as long as the engine, so
 * batch costs and repetition rates are learned across replies.
 */
export class Drafts {
  readonly #cache: PromptCache;
  readonly #batchTokens: number;
  readonly #clock: () => number;
  readonly #most: number;
  readonly #payoff: Payoff;
  readonly #lookup = new LookupDraft();
  /** The earlier place that predicts the next token, and that token. */
  #guess: { place: FoundPlace; token: number } | null = null;
  /**
   * Size of the last evaluated draft and the number of its tokens that were right, both including the token before it.
   */
  #checked = 0;
  #kept = 0;

  constructor(cache: PromptCache, options: DraftOptions) {
    this.#cache = cache;
    this.#batchTokens = options.batchTokens;
    this.#payoff = options.payoff ?? new DraftPayoff();
    this.#clock = options.clock ?? processorClock;
    this.#most = Math.min(options.draftTokens ?? MAX_CHECKED_TOKENS, MAX_CHECKED_TOKENS - 1, options.batchTokens - 2);
  }

  /** Starts a reply after these tokens. */
  begin(tokens: readonly number[]): void {
    this.#guess = null;
    if (this.#mayDraft) this.#lookup.follow(tokens);
  }

  /** Records a token of the reply. Returns whether it was already evaluated. */
  take(token: number): boolean {
    const isTaken = this.#cache.take(token);
    if (isTaken && this.#checked > 0) this.#kept += 1;
    this.#note(token);
    return isTaken;
  }

  #note(token: number): void {
    if (!this.#mayDraft) return;
    if (this.#guess !== null) this.#payoff.noteGuess(this.#guess.place.length, this.#guess.token === token);
    this.#lookup.push(token);
    const place = this.#lookup.find();
    const [next] = place === null ? [] : this.#lookup.read(place, 1);
    this.#guess = place === null || next === undefined ? null : { place, token: next };
  }

  /** Evaluates a token after those in the cache, with a draft of at most `most` tokens if that pays off. */
  async evaluate(token: number, most: number): Promise<void> {
    this.#settle();
    const place = this.#guess?.place ?? null;
    const room = Math.min(most, this.#most);
    const count = place === null ? 0 : this.#payoff.draftTokens(place.length, room);
    const isFirst = count > 0 && this.#cache.canForgetEnd === null;
    const before = isFirst ? this.#cache.tryForgettingEnd() : null;
    if (place === null || count === 0 || this.#cache.canForgetEnd !== true) return this.#evaluateTogether([token], 0);
    const tokens = [token, ...this.#lookup.read(place, count)];
    this.#checked = tokens.length;
    this.#kept = 1;
    await (before === null ? this.#evaluateTogether(tokens, 0) : this.#evaluateTogether([before, ...tokens], 1, true));
  }

  /** Evaluates a token together with those that must follow it. */
  async evaluateForced(token: number, forced: readonly number[]): Promise<void> {
    this.#settle();
    const tokens = [token, ...forced].slice(0, this.#batchTokens);
    if (!this.#payoff.paysTogether(tokens.length)) tokens.length = 1;
    await this.#evaluateTogether(tokens, tokens.length - 1);
  }

  /** Ends the reply. */
  end(): void {
    this.#settle();
  }

  /** Evaluates tokens, with logits from index `from` on, and takes the first one, or the first two in a trial. */
  async #evaluateTogether(tokens: readonly number[], from: number, isTrial = false): Promise<void> {
    const began = this.#clock();
    await this.#cache.lookAhead(tokens, from);
    if (!isTrial) this.#payoff.noteBatch(tokens.length, this.#clock() - began, from === 0);
    for (const token of tokens.slice(0, isTrial ? 2 : 1)) this.#cache.take(token);
  }

  get #mayDraft(): boolean {
    return this.#most > 0 && this.#cache.canForgetEnd !== false;
  }

  #settle(): void {
    if (this.#checked > 0) this.#payoff.noteDraft(this.#checked, this.#kept);
    this.#checked = 0;
  }
}
