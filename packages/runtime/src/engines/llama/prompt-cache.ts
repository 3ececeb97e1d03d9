import { EvaluatedText, type TextMark } from "./evaluated-text.js";

/** The part of a model that a prompt cache drives: it evaluates tokens, and forgets them from the end. */
export interface TokenEvaluator {
  /** Evaluates tokens that follow `position` others; returns where the logits of the last one are. */
  evaluate(position: number, tokens: readonly number[]): Promise<number>;
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
/** Fewer tokens at once cost more each: a slice may take longer for the sake of so many, but no longer than a second. */
const EFFICIENT_TOKENS = 32;
const LONGEST_SLICE_MILLISECONDS = 1_000;
/** Size of the first slice, whose rate is not known. */
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

  /** Forgets all that does not begin these tokens; returns how many are left. */
  keepCommonPrefix(tokens: readonly number[]): number {
    // The last token is always evaluated anew: the reply begins from its logits.
    const longest = Math.min(this.#tokens.length, tokens.length - 1);
    let common = 0;
    while (common < longest && this.#tokens[common] === tokens[common]) common += 1;
    if (common === this.#tokens.length) return common;
    if (!this.#evaluator.removeFrom(common)) {
      // A recurrent model cannot forget a part of what it read.
      this.#evaluator.removeFrom(0);
      common = 0;
    }
    this.#tokens.length = common;
    this.#text.cut(common);
    return common;
  }

  /** Evaluates the tokens that are still missing of a prompt whose beginning is in the cache. */
  async prefill(tokens: readonly number[], isAborted: () => boolean): Promise<"done" | "aborted"> {
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
    }
    return "done";
  }

  /** Evaluates these tokens behind all others. */
  async append(tokens: readonly number[]): Promise<void> {
    this.#logitIndex = await this.#evaluator.evaluate(this.#tokens.length, tokens);
    this.#work += tokens.length;
    for (const token of tokens) this.#tokens.push(token);
  }

  /** Notes that the first `tokens` tokens are exactly this text. */
  mark(text: string, tokens: number): void {
    this.#text.mark(text, tokens);
  }

  /** Takes over contents that the evaluator has restored. */
  restore({ tokens, text, marks }: CachedPrompt): void {
    this.#tokens = [...tokens];
    this.#text = new EvaluatedText(text, marks);
  }

  forget(): void {
    this.#tokens = [];
    this.#text = new EvaluatedText();
    this.#evaluator.removeFrom(0);
  }

  /** Number of tokens of the next slice, when so many are missing. */
  #sliceTokens(missing: number): number {
    const rate = this.#prefillTokensPerMillisecond;
    const efficient = Math.min(EFFICIENT_TOKENS, rate * LONGEST_SLICE_MILLISECONDS);
    const affordable = rate === 0 ? FIRST_SLICE_TOKENS : Math.max(rate * SLICE_MILLISECONDS, efficient);
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
