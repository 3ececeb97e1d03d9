import { EvaluatedText, type TextMark } from "./evaluated-text.js";

/** The part of a model that a prompt cache uses: it evaluates tokens, and removes them from the end. */
export interface TokenEvaluator {
  /** Whether the next prompt batch should be small because it would be slower than later ones. Default: false. */
  readonly isUnsure?: boolean;
  /** Evaluates tokens starting at `position`. Returns the position of the last token's logits. */
  evaluate(position: number, tokens: readonly number[]): Promise<number>;
  /** Same, but returns the positions of the logits of each token from index `from` on. */
  evaluateEach(position: number, tokens: readonly number[], from: number): Promise<readonly number[]>;
  /** Whether {@link removeFrom} would succeed for this position. Absent: only a try shows it. */
  canRemoveFrom?(position: number): boolean;
  /** Removes all tokens from this position on. Returns false, and removes nothing, if the model can only remove everything. */
  removeFrom(position: number): boolean;
}

export interface PromptCacheOptions {
  /** Most tokens per batch. */
  batchTokens: number;
  /** Clock in milliseconds. Default: wall-clock time. */
  clock?: (() => number) | undefined;
}

/** Contents of a cache in saved form. */
export interface CachedPrompt {
  tokens: readonly number[];
  text: string;
  marks: readonly TextMark[];
}

/** Target duration of a prefill slice. Aborts take effect between slices. */
const SLICE_MILLISECONDS = 250;
/**
 * Smaller batches cost up to an eighth more per token (llama.cpp b10434 on x64: 223 tokens per second in slices of 32,
 * 256 with 64, 259 with 256), so a slice of this size may take longer, up to one second.
 */
const EFFICIENT_TOKENS = 64;
const LONGEST_SLICE_MILLISECONDS = 1_000;
/** Size of the first slice, when its speed or number of threads is unknown. */
const FIRST_SLICE_TOKENS = 16;
/** llama.cpp's kernels compute this many tokens together. A smaller remainder costs nearly as much. */
const KERNEL_TOKENS = 8;

/**
 * The tokens that a model has evaluated, in order. The next prompt only evaluates the tokens that differ, in slices. A
 * prompt whose text continues the cached text keeps the cached tokens, see {@link EvaluatedText}.
 */
export class PromptCache {
  readonly #evaluator: TokenEvaluator;
  readonly #batchTokens: number;
  readonly #clock: () => number;
  #tokens: number[] = [];
  #text = new EvaluatedText();
  #logitIndex = 0;
  /** Number of tokens up to the one that those logits belong to. */
  #logitsAt = -1;
  /** Evaluated tokens after the end of the cache that may follow, with the positions of their logits. */
  #ahead: { token: number; logitIndex: number }[] = [];
  #canForgetEnd: boolean | null = null;
  #prefillTokensPerMillisecond = 0;
  #work = 0;

  constructor(evaluator: TokenEvaluator, { batchTokens, clock = () => performance.now() }: PromptCacheOptions) {
    this.#evaluator = evaluator;
    this.#batchTokens = batchTokens;
    this.#clock = clock;
  }

  /** Number of tokens in the cache. */
  get length(): number {
    return this.#tokens.length;
  }

  /** Position of the newest token's logits. */
  get logitIndex(): number {
    return this.#logitIndex;
  }

  /** Number of tokens evaluated so far, including removed ones. */
  get work(): number {
    return this.#work;
  }

  /** Time to evaluate a token of a prompt, or 0 if unknown. */
  get millisecondsPerToken(): number {
    return this.#prefillTokensPerMillisecond === 0 ? 0 : 1 / this.#prefillTokensPerMillisecond;
  }

  get content(): CachedPrompt {
    return { tokens: this.#tokens, text: this.#text.text, marks: this.#text.marks };
  }

  /** Returns the newest tokens, at most `count`. */
  newest(count: number): number[] {
    return this.#tokens.slice(-count);
  }

  /**
   * Returns the tokens of a text: cached tokens for the part that repeats the cached text, and `tokenize` for the rest.
   */
  tokensOf(text: string, tokenize: (rest: string, isWhole: boolean) => Iterable<number>): number[] {
    const mark = this.#text.lastMarkIn(text);
    this.#text.cut(mark.tokens);
    if (mark.tokens === 0) return [...tokenize(text, true)];
    return [...this.#tokens.slice(0, mark.tokens), ...tokenize(text.slice(mark.characters), false)];
  }

  /** Whether tokens can be removed from the end, or null if unknown. */
  get canForgetEnd(): boolean | null {
    return this.#canForgetEnd;
  }

  /** Whether the tokens from this position on can be removed, as far as it is known. */
  canCut(position: number): boolean {
    return this.#evaluator.canRemoveFrom?.(position) ?? this.#canForgetEnd !== false;
  }

  /** Removes all tokens after the common prefix. Returns the number of tokens left. */
  keepCommonPrefix(tokens: readonly number[]): number {
    this.forgetAhead();
    // The reply needs the logits of the last token. They exist only if that token was evaluated last.
    const longest = Math.min(this.#tokens.length, this.#logitsAt === tokens.length ? tokens.length : tokens.length - 1);
    let common = 0;
    while (common < longest && this.#tokens[common] === tokens[common]) common += 1;
    if (common === this.#tokens.length) return common;
    const isForgotten = this.#evaluator.removeFrom(common);
    if (common > 0) this.#canForgetEnd = isForgotten;
    if (!isForgotten) {
      // A recurrent model cannot forget only a part. One with sliding windows can forget a short one.
      if (this.#evaluator.canRemoveFrom?.(this.#tokens.length - 1) === true) this.#canForgetEnd = null;
      this.#evaluator.removeFrom(0);
      common = 0;
    }
    this.#tokens.length = common;
    this.#text.cut(common);
    return common;
  }

  /**
   * Evaluates the missing tokens of a prompt whose beginning is in the cache. Calls `onProgress` with the
   * number of tokens in the cache before each slice but the first.
   */
  async prefill(
    tokens: readonly number[],
    isAborted: () => boolean,
    onProgress?: (readTokens: number) => void,
  ): Promise<"done" | "aborted"> {
    while (this.#tokens.length < tokens.length) {
      if (isAborted()) return "aborted";
      const start = this.#tokens.length;
      const slice = tokens.slice(start, start + this.#sliceTokens(tokens.length - start));
      const began = this.#clock();
      await this.append(slice);
      // A small last slice does not give a representative speed.
      if (slice.length >= KERNEL_TOKENS || this.#prefillTokensPerMillisecond === 0) {
        this.#prefillTokensPerMillisecond = slice.length / Math.max(this.#clock() - began, 0.001);
      }
      if (this.#tokens.length < tokens.length) onProgress?.(this.#tokens.length);
    }
    return "done";
  }

  /** Evaluates tokens at the end of the cache. */
  async append(tokens: readonly number[]): Promise<void> {
    this.forgetAhead();
    this.#logitIndex = await this.#evaluator.evaluate(this.#tokens.length, tokens);
    this.#work += tokens.length;
    for (const token of tokens) this.#tokens.push(token);
    this.#logitsAt = this.#tokens.length;
  }

  /** Evaluates tokens that may follow, with logits from index `from` on. `take` moves them into the cache. */
  async lookAhead(tokens: readonly number[], from: number): Promise<void> {
    this.forgetAhead();
    const known = await this.#evaluator.evaluateEach(this.#tokens.length, tokens, from);
    this.#work += tokens.length;
    this.#ahead = tokens.map((token, index) => ({ token, logitIndex: known[index - from] ?? -1 }));
  }

  /** Appends a token that was evaluated ahead. Returns false if another one was. */
  take(token: number): boolean {
    if (this.#ahead[0]?.token !== token) return false;
    this.#logitIndex = this.#ahead.shift()?.logitIndex ?? -1;
    this.#tokens.push(token);
    this.#logitsAt = this.#logitIndex < 0 ? -1 : this.#tokens.length;
    return true;
  }

  /**
   * Tests whether tokens can be removed from the end by removing the last one. Returns that token, which must be
   * evaluated again first, or null if it was not removed and nothing was lost.
   */
  tryForgettingEnd(): number | null {
    this.forgetAhead();
    const last = this.#tokens.length - 1;
    this.#canForgetEnd = last > 0 && this.#evaluator.removeFrom(last);
    if (!this.#canForgetEnd) return null;
    this.#logitsAt = -1;
    return this.#tokens.pop() ?? null;
  }

  /** Removes the tokens that were evaluated ahead. If they cannot be removed, they become part of the cache. */
  forgetAhead(): void {
    if (this.#ahead.length === 0) return;
    if (!this.#evaluator.removeFrom(this.#tokens.length)) {
      this.#canForgetEnd = false;
      this.#logitsAt = -1;
      for (const { token } of this.#ahead) this.#tokens.push(token);
    }
    this.#ahead = [];
  }

  /** Records that the first `tokens` tokens are exactly this text. */
  mark(text: string, tokens: number): void {
    this.#text.mark(text, tokens);
  }

  /** Adopts contents that the evaluator has restored. */
  restore({ tokens, text, marks }: CachedPrompt): void {
    this.#ahead = [];
    this.#logitsAt = -1;
    this.#tokens = [...tokens];
    this.#text = new EvaluatedText(text, marks);
  }

  forget(): void {
    this.#ahead = [];
    this.#logitsAt = -1;
    this.#tokens = [];
    this.#text = new EvaluatedText();
    this.#evaluator.removeFrom(0);
  }

  /** Number of tokens in the next slice, given the number of missing ones. */
  #sliceTokens(missing: number): number {
    const rate = this.#prefillTokensPerMillisecond;
    const efficient = Math.min(EFFICIENT_TOKENS, rate * LONGEST_SLICE_MILLISECONDS);
    const usual = rate === 0 ? FIRST_SLICE_TOKENS : Math.max(rate * SLICE_MILLISECONDS, efficient);
    const affordable = this.#evaluator.isUnsure ? Math.min(usual, FIRST_SLICE_TOKENS) : usual;
    const size = wholeKernels(Math.max(1, Math.min(this.#batchTokens, Math.floor(affordable))));
    const rest = missing - size;
    if (rest <= 0 || size < KERNEL_TOKENS) return Math.min(missing, size);
    // A small remainder is added to this slice or made larger.
    if (rest >= KERNEL_TOKENS) return size;
    return missing <= this.#batchTokens ? missing : Math.max(KERNEL_TOKENS, size - KERNEL_TOKENS);
  }
}

function wholeKernels(tokens: number): number {
  return tokens < KERNEL_TOKENS ? tokens : tokens - (tokens % KERNEL_TOKENS);
}
