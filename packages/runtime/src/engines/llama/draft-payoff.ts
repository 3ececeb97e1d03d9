/** Sizes of a batch that checks a draft, the token before it included: kernels compute four or eight rows together. */
const SIZES = [4, 8, 16] as const;
/** Most tokens of a batch that checks a draft; a plan's `drafts` line counts the logits of each. */
export const MAX_CHECKED_TOKENS = 16;
/** Batches of a size whose median is its time. */
const REMEMBERED_TIMES = 9;
/** After this many batches without one of its size, a time says nothing any more. */
const STALE_AFTER_BATCHES = 2000;
/** What a row beside the first one costs, in times of a single token: at first, and at worst. */
const ASSUMED_ROW_COST = 0.35;
const HIGHEST_ROW_COST = 0.95;
/** Share of a row's cost that is taken to be left in a batch of the next size: kernels like larger batches. */
const LARGER_BATCH_SHARE = 0.6;
/** Fewest times a single token, until when nothing is decided. */
const FEWEST_SINGLES = 3;

/** How often what stood behind an earlier place came again, by the number of tokens that agreed before it; as first assumed. */
const AGREEMENTS = [
  { from: 2, assumed: 0.35 },
  { from: 3, assumed: 0.5 },
  { from: 4, assumed: 0.65 },
  { from: 6, assumed: 0.8 },
  { from: 9, assumed: 0.9 },
  { from: 16, assumed: 0.95 },
] as const;
/** Observations that an assumption counts as. */
const ASSUMED_WEIGHT = 4;
/** What an observation counts for after each further one. */
const FADING = 0.98;

/** A draft must promise this many times the speed of plain decoding. */
const LEAST_GAIN = 1.12;
/** Single tokens whose time drafts may lose: at first, for each token that is written, and at most after gains. */
const FIRST_CREDIT = 1.5;
const CREDIT_PER_TOKEN = 0.02;
const MAX_CREDIT = 4;
/** What the first draft of a size may be expected to lose at worst. There are few sizes, so this is no part of the credit. */
const MAX_TRIAL_RISK = 1;
/** A loss is forgotten beyond this, so that drafts come back after a bad time. */
const MIN_CREDIT = -2;

/**
 * Decides how many tokens to draft, from what batches cost on this device and how often drafts were right. Whether a draft
 * would have been right is also known of those that were not evaluated, so it costs nothing to learn. What drafts may lose
 * is limited by a credit, in times of a single token: on text that never repeats, that is all they cost.
 */
export class DraftPayoff {
  /**
   * Newest times by size, and the number of batches until the newest one: of single tokens in milliseconds, of others in
   * times of a single token. The sizes of batches that were not checked are negative.
   */
  readonly #times = new Map<number, { times: number[]; at: number }>();
  readonly #agreements = AGREEMENTS.map(({ assumed }) => ({ right: assumed * ASSUMED_WEIGHT, all: ASSUMED_WEIGHT }));
  #batches = 0;
  #credit = FIRST_CREDIT;
  /** Whether the newest batch was the first one of its size. */
  #isTrial = false;

  /** Notes how long a batch took, and whether logits were made for all of its tokens or only for the last one. */
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

  /** Notes whether the token behind an earlier place, where this many tokens agreed, came again. */
  noteGuess(agreeing: number, isRight: boolean): void {
    const some = this.#agreementOf(agreeing);
    if (some === undefined) return;
    some.right = some.right * FADING + (isRight ? 1 : 0);
    some.all = some.all * FADING + 1;
  }

  /** Notes how many tokens a batch that checked a draft brought. */
  noteDraft(batchTokens: number, kept: number): void {
    if (!this.#isTrial) this.#earn(kept - this.#cost(batchTokens).likely);
  }

  /** Returns the number of tokens to draft where this many agree; 0 where plain decoding is at least as fast. */
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

  /** Whether tokens that are known to follow are evaluated together in less time than one by one. */
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

  /** Time of a checked batch, in times of a single token: as it was measured, or else as the next smaller one lets expect. */
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
