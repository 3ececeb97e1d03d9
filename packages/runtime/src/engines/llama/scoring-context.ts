import { outOfMemory } from "../host/host-exit.js";
import type { BatchThreads } from "./batch-threads.js";
import type { AddonContext, AddonSampler } from "./llama-addon.js";
import type { LoadedModel } from "./loaded-model.js";

export interface ScoringOptions {
  contextTokens: number;
  /** Most tokens per batch. The logits of all of them are kept. */
  batchTokens: number;
  threads: BatchThreads;
}

const SEQUENCE = 0;
const TO_THE_END = -1;
const F16 = 1;
/** Bias for the requested tokens, so that they are among the most likely. Their probabilities are corrected for it. */
const BIAS = 24;
/** Score of a token that is not among the most likely ones even with the bias. */
const UNLIKELY = -BIAS;
/** Number of other tokens that a probability is relative to. The rest of the vocabulary has negligible weight. */
const COMPARED_TOKENS = 96;

/**
 * A second, small context of a loaded model that only scores the likelihood of texts. It keeps the last evaluated
 * tokens, so texts with the same beginning only cost the difference.
 */
export class ScoringContext {
  readonly contextTokens: number;
  readonly #context: AddonContext;
  readonly #sampler: AddonSampler;
  readonly #batchTokens: number;
  readonly #threads: BatchThreads;
  #tokens: number[] = [];
  /** Position of the logits after the newest token. */
  #logitIndex = -1;
  #work = 0;

  private constructor(context: AddonContext, sampler: AddonSampler, options: ScoringOptions) {
    this.#context = context;
    this.#sampler = sampler;
    this.#batchTokens = options.batchTokens;
    this.#threads = options.threads;
    this.contextTokens = context.getContextSize();
  }

  /** Creates the context. Throws {@link EngineError} `engine-out-of-memory` if it does not fit. */
  static async open({ addon, vocabulary }: LoadedModel, options: ScoringOptions): Promise<ScoringContext> {
    const context = new addon.AddonContext(vocabulary, {
      contextSize: options.contextTokens,
      batchSize: options.batchTokens,
      sequences: 1,
      flashAttention: true,
      threads: 1,
      embeddings: false,
      ranking: false,
      performanceTracking: false,
      swaFullCache: false,
      kvCacheKeyType: F16,
      kvCacheValueType: F16,
    });
    if (await context.init()) return new ScoringContext(context, new addon.AddonSampler(vocabulary), options);
    throw outOfMemory(`Cannot create a context of ${options.contextTokens} tokens for choosing tools.`);
  }

  /** Number of tokens evaluated so far. */
  get work(): number {
    return this.#work;
  }

  /**
   * Returns the log-probabilities of each token of each continuation of a text. First tokens cost nothing beyond the
   * text. `follows` decides by their scores which continuations to evaluate further.
   */
  async score(
    text: readonly number[],
    continuations: readonly (readonly number[])[],
    follows: (firstScores: readonly number[]) => readonly boolean[] = (scores) => scores.map(() => true),
  ): Promise<number[][]> {
    await this.#goTo(text);
    const firsts = continuations.map(([first = 0]) => first);
    const beginnings = await this.#likelihoods(this.#logitIndex, [...new Set(firsts)]);
    const firstScores = firsts.map((first) => beginnings.get(first) ?? UNLIKELY);
    const isFollowed = follows(firstScores);
    const scores: number[][] = [];
    for (const [at, continuation] of continuations.entries()) {
      const score = [firstScores[at] ?? UNLIKELY];
      if (continuation.length > 1 && isFollowed[at]) score.push(...(await this.#follow(text.length, continuation)));
      scores.push(score);
    }
    return scores;
  }

  /** Returns the log-probabilities of a continuation's tokens after the first one. Evaluates and then removes it. */
  async #follow(position: number, tokens: readonly number[]): Promise<number[]> {
    const scores: number[] = [];
    for (let start = 0; start < tokens.length - 1; start += this.#batchTokens) {
      const piece = tokens.slice(start, Math.min(start + this.#batchTokens, tokens.length - 1));
      const indexes = await this.#evaluate(position + start, piece, "all");
      for (const [offset, index] of indexes.entries()) {
        const next = tokens[start + offset + 1] ?? 0;
        scores.push((await this.#likelihoods(index, [next])).get(next) ?? UNLIKELY);
      }
    }
    this.#context.removeTokenCellsFromSequence(SEQUENCE, position, TO_THE_END);
    return scores;
  }

  async #goTo(tokens: readonly number[]): Promise<void> {
    let common = 0;
    const longest = Math.min(this.#tokens.length, tokens.length - 1);
    while (common < longest && this.#tokens[common] === tokens[common]) common += 1;
    if (!this.#context.removeTokenCellsFromSequence(SEQUENCE, common, TO_THE_END)) {
      this.#context.removeTokenCellsFromSequence(SEQUENCE, 0, TO_THE_END);
      common = 0;
    }
    this.#tokens = tokens.slice(0, common);
    for (let start = common; start < tokens.length; start += this.#batchTokens) {
      const piece = tokens.slice(start, start + this.#batchTokens);
      [this.#logitIndex = -1] = await this.#evaluate(start, piece, "last");
      this.#tokens.push(...piece);
    }
  }

  async #evaluate(position: number, tokens: readonly number[], wanted: "all" | "last"): Promise<number[]> {
    const indexes = wanted === "all" ? tokens.keys() : [tokens.length - 1];
    this.#context.initBatch(tokens.length);
    const places = this.#context.addToBatch(SEQUENCE, position, Uint32Array.from(tokens), Uint32Array.from(indexes));
    await this.#threads.evaluate(this.#context, tokens.length, () => this.#context.decodeBatch());
    this.#work += tokens.length;
    return [...places];
  }

  async #likelihoods(logitIndex: number, tokens: readonly number[]): Promise<Map<number, number>> {
    this.#sampler.applyConfig({
      temperature: 1,
      topK: COMPARED_TOKENS + tokens.length,
      seed: 0,
      tokenBiasKeys: Uint32Array.from(tokens),
      tokenBiasValues: Float32Array.from(tokens, () => BIAS),
    });
    const [, probabilities = []] = await this.#context.sampleToken(logitIndex, this.#sampler, true);
    const asked = new Set(tokens);
    const raw = new Map<number, number>();
    let sum = 0;
    for (let at = 0; at < probabilities.length; at += 2) {
      const token = probabilities[at] as number;
      const weight = (probabilities[at + 1] as number) / (asked.has(token) ? Math.exp(BIAS) : 1);
      sum += weight;
      if (asked.has(token)) raw.set(token, weight);
    }
    return new Map([...raw].map(([token, weight]) => [token, Math.log(weight / sum)]));
  }

  async close(): Promise<void> {
    this.#sampler.dispose();
    await this.#context.dispose();
  }
}
