/** Sizes of a batch that checks a draft, including the token before it. Kernels compute four or eight rows together. */
const SIZES = [4, 8, 16] as const;
/** Most tokens of a batch that checks a draft. A plan's `drafts` line accounts for their logits. */
export const MAX_CHECKED_TOKENS = 16;
/** Batches of one size whose median is used as the time. */
const REMEMBERED_TIMES = 9;
/** A time is outdated after this many batches without one of its size. */
const STALE_AFTER_BATCHES = 2000;
/** Cost of each row after the first, relative to a single token: initial and worst-case assumption. */
const ASSUMED_ROW_COST = 0.35;
const HIGHEST_ROW_COST = 0.95;
/**
 * Share of a row's cost that is assumed for the next larger batch size, because kernels handle larger batches better.
 */
const LARGER_BATCH_SHARE = 0.6;
/** Single tokens to time before any decision. */
const FEWEST_SINGLES = 3;

/** Assumed probability that the token after an earlier place repeats, by the number of tokens before it that agree. */
const AGREEMENTS = [
  { from: 2, assumed: 0.35 },
  { from: 3, assumed: 0.5 },
  { from: 4, assumed: 0.65 },
  { from: 6, assumed: 0.8 },
  { from: 9, assumed: 0.9 },
  { from: 16, assumed: 0.95 },
] as const;
/** Number of observations that an assumption counts as. */
const ASSUMED_WEIGHT = 4;
/** Weight of an observation after each newer one. */
const FADING = 0.98;

/** Smallest speedup over plain decoding that a draft must promise. */
const LEAST_GAIN = 1.12;
/** Time that drafts may lose, in single tokens: initially, per written token, and at most after gains. */
const FIRST_CREDIT = 1.5;
const CREDIT_PER_TOKEN = 0.02;
const MAX_CREDIT = 4;
/**
 * Largest expected worst-case loss of the first draft of a size. There are few sizes, so it does not count against the
 * credit.
 */
const MAX_TRIAL_RISK = 1;
/** Losses beyond this are forgotten, so that drafts resume after a bad phase. */
const MIN_CREDIT = -2;

/**
 * Decides how many tokens to draft, based on the measured cost of batches and how often drafts were right. Whether a
 * draft would have been right is known even without evaluating it, so learning is free. A credit, measured in single
 * tokens, limits the loss: on text that never repeats, drafts cost no more than that.
 */
export class DraftPayoff {
  /**
   * Newest times by size, and the batch number of the newest one. Single tokens are in milliseconds, other sizes
   * relative to a single token. Unchecked batches have negative sizes.
   */
  readonly #times = new Map<number, { times: number[]; at: number }>();
  readonly #agreements = AGREEMENTS.map(({ assumed }) => ({ right: assumed * ASSUMED_WEIGHT, all: ASSUMED_WEIGHT }));
  #batches = 0;
  #credit = FIRST_CREDIT;
  /** Whether the newest batch was the first of its size. */
  #isTrial = false;

  /** Records the time of a batch, and whether it made logits for all tokens or only for the last one. */
  noteBatch(tokens: number, milliseconds: number, isChecked: boolean): void {
    this.#batches += 1;
    const single = this.#median(1);
    if (tokens === 1) this.#earn(CREDIT_PER_TOKEN);
    else if (single === null) return;
    const key = isChecked || tokens === 1 ? tokens : -tokens;
    this.#isTrial = this.#newest(key).length === 0;
    const time = tokens === 1 || single === null ? milliseconds : milliseconds / single;
    this.#times.set(key, { times: [...this.#newest(key), time].slice(-REMEMBERED_TIMES), at: this.#batches });
  }

  /** Records whether the token after an earlier place repeated, where this many tokens agreed. */
  noteGuess(agreeing: number, isRight: boolean): void {
    const some = this.#agreementOf(agreeing);
    if (some === undefined) return;
    some.right = some.right * FADING + (isRight ? 1 : 0);
    some.all = some.all * FADING + 1;
  }

  /** Records how many tokens a batch that checked a draft yielded. */
  noteDraft(batchTokens: number, kept: number): void {
    if (!this.#isTrial) this.#earn(kept - this.#cost(batchTokens).likely);
  }

  /** Returns the number of tokens to draft if this many agree, or 0 if plain decoding is at least as fast. */
  draftTokens(agreeing: number, most: number): number {
    if (this.#newest(1).length < FEWEST_SINGLES) return 0;
    let best = { tokens: 0, gain: LEAST_GAIN };
    let [expected, reached] = [1, 1];
    /** Probabilities that a draft is right up to its first, second, … token. */
    const ends: number[] = [];
    for (let drafted = 1; drafted < Math.min(MAX_CHECKED_TOKENS, most + 1); drafted++) {
      const right = this.#rightAt(agreeing + drafted - 1);
      ends.push(reached * (1 - right));
      reached *= right;
      expected += reached;
      const size = drafted + 1;
      if (!SIZES.some((some) => some === size)) continue;
      const { likely, worst } = this.#cost(size);
      const gain = expected / likely;
      const risk = ends.reduce((sum, share, kept) => sum + share * Math.max(0, worst - kept - 1), 0);
      const allowed = this.#median(size) === null ? MAX_TRIAL_RISK : this.#credit;
      if (gain > best.gain && risk <= allowed) best = { tokens: drafted, gain };
    }
    return best.tokens;
  }

  /** Whether evaluating forced tokens together is faster than one by one. */
  paysTogether(batchTokens: number): boolean {
    const together = this.#median(-batchTokens);
    return together === null || together < batchTokens;
  }

  #earn(tokens: number): void {
    this.#credit = Math.max(MIN_CREDIT, Math.min(MAX_CREDIT, this.#credit + tokens));
  }

  #rightAt(agreeing: number): number {
    const { right, all } = this.#agreementOf(agreeing) ?? { right: 0, all: 1 };
    return right / all;
  }

  #agreementOf(agreeing: number) {
    return this.#agreements[AGREEMENTS.findLastIndex(({ from }) => from <= agreeing)];
  }

  /**
   * Returns the cost of a checked batch relative to a single token, measured or extrapolated from the next smaller
   * size.
   */
  #cost(batchTokens: number): { likely: number; worst: number } {
    const measured = this.#median(batchTokens);
    if (measured !== null) return { likely: measured, worst: measured };
    const smaller = SIZES.findLast((size) => size < batchTokens && this.#median(size) !== null);
    const known = smaller === undefined ? null : this.#median(smaller);
    const row =
      smaller === undefined || known === null ? ASSUMED_ROW_COST : ((known - 1) / (smaller - 1)) * LARGER_BATCH_SHARE;
    return { likely: 1 + (batchTokens - 1) * row, worst: 1 + (batchTokens - 1) * Math.max(row, HIGHEST_ROW_COST) };
  }

  #newest(key: number): readonly number[] {
    const known = this.#times.get(key);
    return known === undefined || this.#batches - known.at > STALE_AFTER_BATCHES ? [] : known.times;
  }

  #median(key: number): number | null {
    const sorted = [...this.#newest(key)].sort((one, other) => one - other);
    return sorted[sorted.length >> 1] ?? null;
  }
}
