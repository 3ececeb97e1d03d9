import { EvaluatedText, type TextMark } from "./evaluated-text.js";

/** The part of a model that a prompt cache drives: it evaluates tokens, and forgets them from the end. */
export interface TokenEvaluator {
  /** Whether the next batch of a prompt is to be small, since it would not be as fast as others. Default: false. */
  readonly isUnsure?: boolean;
  /** Evaluates tokens that follow `position` others; returns where the logits of the last one are. */
  evaluate(position: number, tokens: readonly number[]): Promise<number>;
  /** The same; returns where the logits of each token from index `from` on are. */
  evaluateEach(position: number, tokens: readonly number[], from: number): Promise<readonly number[]>;
  /** Forgets all tokens from this position on; false where the model can only forget everything. */
  removeFrom(position: number): boolean;
}

export interface PromptCacheOptions {
  /** Most tokens that are evaluated at once. */
  batchTokens: number;
  /** Time in milliseconds. Default: the time that passes. */
  clock?: (() => number) | undefined;
}

/** Contents of a cache, as they are saved. */
export interface CachedPrompt {
  tokens: readonly number[];
  text: string;
  marks: readonly TextMark[];
}

/** Time that a slice of prefill should take: an abort is noticed between two slices. */
const SLICE_MILLISECONDS = 250;
/**
 * Fewer tokens at once cost up to an eighth more each (llama.cpp b10434 on x64: 223 tokens a second in slices of 32, 256 of
 * 64, 259 of 256), so a slice may take longer for the sake of so many, but no longer than a second.
 */
const EFFICIENT_TOKENS = 64;
const LONGEST_SLICE_MILLISECONDS = 1_000;
/** Size of the first slice, whose rate or number of threads is not known. */
const FIRST_SLICE_TOKENS = 16;
/** llama.cpp's kernels compute this many tokens together; a remainder costs nearly as much as all of them. */
const KERNEL_TOKENS = 8;

/**
 * The tokens that a model has evaluated, in order. The next prompt pays only for the tokens that differ from them, and is
 * evaluated in slices. A prompt whose text goes on from the text of the cache keeps the cache's own tokens, see
 * {@link EvaluatedText}.
 */
export class PromptCache {
  readonly #evaluator: TokenEvaluator;
  readonly #batchTokens: number;
  readonly #clock: () => number;
  #tokens: number[] = [];
  #text = new EvaluatedText();
  #logitIndex = 0;
  /** Number of tokens behind the last of which those logits are. */
  #logitsAt = -1;
  /** Tokens that were evaluated behind those of the cache and may follow them, and where the logits of each are. */
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

  /** Place of the newest token's logits. */
  get logitIndex(): number {
    return this.#logitIndex;
  }

  /** Number of tokens that were evaluated so far, forgotten ones included. */
  get work(): number {
    return this.#work;
  }

  get content(): CachedPrompt {
    return { tokens: this.#tokens, text: this.#text.text, marks: this.#text.marks };
  }

  /** Returns the newest tokens, at most this many. */
  newest(count: number): number[] {
    return this.#tokens.slice(-count);
  }

  /** Returns the tokens of a text: those of the cache as far as it repeats the cache's text, and `tokenize` for the rest. */
  tokensOf(text: string, tokenize: (rest: string, isWhole: boolean) => Iterable<number>): number[] {
    const mark = this.#text.lastMarkIn(text);
    this.#text.cut(mark.tokens);
    if (mark.tokens === 0) return [...tokenize(text, true)];
    return [...this.#tokens.slice(0, mark.tokens), ...tokenize(text.slice(mark.characters), false)];
  }

  /** Whether tokens can be forgotten from the end; null where that was not seen yet. */
  get canForgetEnd(): boolean | null {
    return this.#canForgetEnd;
  }

  /** Forgets all that does not begin these tokens; returns how many are left. */
  keepCommonPrefix(tokens: readonly number[]): number {
    this.forgetAhead();
    // The reply begins from the logits of the last token, which are there where it was the last one to be evaluated.
    const longest = Math.min(this.#tokens.length, this.#logitsAt === tokens.length ? tokens.length : tokens.length - 1);
    let common = 0;
    while (common < longest && this.#tokens[common] === tokens[common]) common += 1;
    if (common === this.#tokens.length) return common;
    const isForgotten = this.#evaluator.removeFrom(common);
    if (common > 0) this.#canForgetEnd = isForgotten;
    if (!isForgotten) {
      // A recurrent model cannot forget a part of what it read.
      this.#evaluator.removeFrom(0);
      common = 0;
    }
    this.#tokens.length = common;
    this.#text.cut(common);
    return common;
  }

  /**
   * Evaluates the tokens that are still missing of a prompt whose beginning is in the cache. Calls `onProgress` with the
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
      // The last slice may be so small that its rate says nothing of others.
      if (slice.length >= KERNEL_TOKENS || this.#prefillTokensPerMillisecond === 0) {
        this.#prefillTokensPerMillisecond = slice.length / Math.max(this.#clock() - began, 0.001);
      }
      if (this.#tokens.length < tokens.length) onProgress?.(this.#tokens.length);
    }
    return "done";
  }

  /** Evaluates these tokens behind all others. */
  async append(tokens: readonly number[]): Promise<void> {
    this.forgetAhead();
    this.#logitIndex = await this.#evaluator.evaluate(this.#tokens.length, tokens);
    this.#work += tokens.length;
    for (const token of tokens) this.#tokens.push(token);
    this.#logitsAt = this.#tokens.length;
  }

  /** Evaluates tokens that may follow. Those from index `from` on get logits; `take` makes them part of the cache. */
  async lookAhead(tokens: readonly number[], from: number): Promise<void> {
    this.forgetAhead();
    const known = await this.#evaluator.evaluateEach(this.#tokens.length, tokens, from);
    this.#work += tokens.length;
    this.#ahead = tokens.map((token, index) => ({ token, logitIndex: known[index - from] ?? -1 }));
  }

  /** Appends a token that was looked ahead at. False where another one was. */
  take(token: number): boolean {
    if (this.#ahead[0]?.token !== token) return false;
    this.#logitIndex = this.#ahead.shift()?.logitIndex ?? -1;
    this.#tokens.push(token);
    this.#logitsAt = this.#logitIndex < 0 ? -1 : this.#tokens.length;
    return true;
  }

  /**
   * Finds out whether tokens can be forgotten from the end, by forgetting the last one. Returns that token, which must be
   * evaluated again before anything else; null where it was not forgotten, and nothing was lost.
   */
  tryForgettingEnd(): number | null {
    this.forgetAhead();
    const last = this.#tokens.length - 1;
    this.#canForgetEnd = last > 0 && this.#evaluator.removeFrom(last);
    if (!this.#canForgetEnd) return null;
    this.#logitsAt = -1;
    return this.#tokens.pop() ?? null;
  }

  /** Forgets what was looked ahead at; what cannot be forgotten is part of the cache. */
  forgetAhead(): void {
    if (this.#ahead.length === 0) return;
    if (!this.#evaluator.removeFrom(this.#tokens.length)) {
      this.#canForgetEnd = false;
      this.#logitsAt = -1;
      for (const { token } of this.#ahead) this.#tokens.push(token);
    }
    this.#ahead = [];
  }

  /** Notes that the first `tokens` tokens are exactly this text. */
  mark(text: string, tokens: number): void {
    this.#text.mark(text, tokens);
  }

  /** Takes over contents that the evaluator has restored. */
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

  /** Number of tokens of the next slice, when so many are missing. */
  #sliceTokens(missing: number): number {
    const rate = this.#prefillTokensPerMillisecond;
    const efficient = Math.min(EFFICIENT_TOKENS, rate * LONGEST_SLICE_MILLISECONDS);
    const usual = rate === 0 ? FIRST_SLICE_TOKENS : Math.max(rate * SLICE_MILLISECONDS, efficient);
    const affordable = this.#evaluator.isUnsure ? Math.min(usual, FIRST_SLICE_TOKENS) : usual;
    const size = wholeKernels(Math.max(1, Math.min(this.#batchTokens, Math.floor(affordable))));
    const rest = missing - size;
    if (rest <= 0 || size < KERNEL_TOKENS) return Math.min(missing, size);
    // A small rest is evaluated along, or made larger.
    if (rest >= KERNEL_TOKENS) return size;
    return missing <= this.#batchTokens ? missing : Math.max(KERNEL_TOKENS, size - KERNEL_TOKENS);
  }
}

function wholeKernels(tokens: number): number {
  return tokens < KERNEL_TOKENS ? tokens : tokens - (tokens % KERNEL_TOKENS);
}
