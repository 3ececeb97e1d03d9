import type { SamplingOptions } from "../engine.js";
import type { Drafts } from "./drafts.js";
import { forcedTokens } from "./forced-tokens.js";
import { GrammarWalk } from "./grammar/grammar-walk.js";
import type { AddonGrammarState, AddonSampler } from "./llama-addon.js";
import type { LoadedModel } from "./loaded-model.js";
import type { PromptCache } from "./prompt-cache.js";
import { TokenText } from "./token-text.js";

/** Number of newest tokens that the repeat penalty covers. */
const REPEAT_PENALTY_TOKENS = 64;

/** Most forced tokens per batch. An abort waits for them. */
const MAX_FORCED_TOKENS = 16;
/** Most characters to look ahead in a grammar. */
const MAX_FORCED_CHARACTERS = 256;

/**
 * Number of most likely tokens to check against a grammar. Usually one of them is allowed, and checking the whole
 * vocabulary takes much longer.
 */
const RANKED_TOKENS = 64;

/** Parts that a sampler needs. */
export interface SamplerParts {
  readonly loaded: LoadedModel;
  readonly cache: PromptCache;
  readonly drafts: Drafts;
}

/**
 * Samples tokens. With a grammar, it first samples freely and checks whether the grammar allows the token, which is
 * usually the case for a model that was asked for JSON. Only if not, it makes the expensive choice among all allowed
 * tokens.
 *
 * Several tokens are evaluated together if that is faster: forced tokens, for which a grammar leaves no choice, and
 * drafts, which followed the same tokens earlier in the conversation. Drafted tokens are sampled from the model's own
 * distribution like any other, and evaluations after a wrong draft are removed.
 */
export class TokenSampler {
  readonly #loaded: LoadedModel;
  readonly #cache: PromptCache;
  readonly #drafts: Drafts;
  readonly #free: AddonSampler;
  readonly #constrained: AddonSampler | null = null;
  #ranking: AddonSampler | null = null;
  readonly #grammarState: AddonGrammarState | null = null;
  readonly #walk: GrammarWalk | null = null;
  readonly #walkText: TokenText;
  /** Tokens that must come next. */
  #forced: number[] = [];
  /** Whether the grammar ends with the forced tokens. */
  #endsForced = false;
  /** Whether only forced tokens are left, so that nothing more is evaluated. */
  #isEnding = false;
  readonly #choice: { temperature: number; topK: number; topP: number; minP: number; seed: number };
  readonly #repeatPenalty: number;

  constructor({ loaded, cache, drafts }: SamplerParts, sampling: SamplingOptions, grammar: string | null) {
    const { addon, vocabulary } = loaded;
    this.#loaded = loaded;
    this.#cache = cache;
    this.#drafts = drafts;
    // Defaults recommended by publishers of small instruction models.
    const { temperature = 0.3, topK = 40, topP = 0.95, minP = 0.05, repeatPenalty = 1.05 } = sampling;
    const { seed = Math.floor(Math.random() * 2 ** 32) } = sampling;
    this.#choice = { temperature, topK, topP, minP, seed };
    this.#repeatPenalty = repeatPenalty;
    this.#free = new addon.AddonSampler(vocabulary);
    this.#free.applyConfig(this.#choice);
    this.#walkText = new TokenText((tokens) => vocabulary.detokenize(tokens, true));
    if (grammar !== null) {
      const compiled = new addon.AddonGrammar(grammar, { addonExports: addon, rootRuleName: "root" });
      this.#grammarState = new addon.AddonGrammarEvaluationState(vocabulary, compiled);
      this.#constrained = new addon.AddonSampler(vocabulary);
      this.#walk = new GrammarWalk(grammar);
      // Some vocabularies omit the space before the first token of a text.
      for (const token of cache.newest(1)) this.#walkText.push(token);
    }
    drafts.begin(cache.content.tokens);
    this.#force();
  }

  /** Whether the grammar is complete, so that nothing may follow. */
  get isEnded(): boolean {
    return this.#walk?.isEnded ?? false;
  }

  /** Samples the token after those in the cache, or null if a grammar allows none. */
  async next(): Promise<number | null> {
    const forced = this.#forced.shift();
    if (forced !== undefined) {
      this.#noteGrammar(forced);
      return forced;
    }
    if (this.#isEnding || this.isEnded) return null;
    const token = await this.#choose();
    if (token !== null && this.#walk !== null) this.#walk.push(this.#walkText.push(token));
    return token;
  }

  /**
   * Appends the sampled token to the cache and evaluates it. `most` is the number of tokens that may follow. Returns
   * false if only forced tokens are left, which need no evaluation.
   */
  async accept(token: number, most: number): Promise<boolean> {
    if (this.#drafts.take(token)) return true;
    if (this.#forced.length === 0) this.#force();
    this.#isEnding ||= this.isEnded || (this.#endsForced && this.#forced.length > 0);
    if (this.#isEnding) return false;
    const room = Math.max(0, Math.min(most, this.#loaded.contextTokens - this.#cache.length - 1));
    const forced = this.#forced.slice(0, Math.min(room, MAX_FORCED_TOKENS - 1));
    if (forced.length > 0) await this.#drafts.evaluateForced(token, forced);
    else await this.#drafts.evaluate(token, room);
    return true;
  }

  /** Determines which tokens must come next. */
  #force(): void {
    const { addon, vocabulary } = this.#loaded;
    if (this.#walk === null || this.#grammarState === null || this.#walkText.isUnfinished) return;
    const { text, isEnd } = this.#walk.forced(MAX_FORCED_CHARACTERS);
    const tokens = forcedTokens(vocabulary, text, isEnd);
    if (tokens.length === 0) return;
    // llama.cpp's own grammar state has the final say.
    const state = new addon.AddonGrammarEvaluationState(this.#grammarState);
    const { AddonSampler: grammar } = addon;
    for (const token of tokens) {
      if (!grammar.canBeNextTokenForGrammarEvaluationState(state, token)) break;
      grammar.acceptGrammarEvaluationStateToken(state, token);
      this.#forced.push(token);
    }
    this.#endsForced = isEnd && this.#forced.length === tokens.length;
  }

  #noteGrammar(token: number): void {
    if (this.#grammarState === null) return;
    this.#loaded.addon.AddonSampler.acceptGrammarEvaluationStateToken(this.#grammarState, token);
    this.#walk?.push(this.#walkText.push(token));
  }

  async #choose(): Promise<number | null> {
    // With a grammar, a penalty would discourage the quotes and braces that must repeat.
    if (this.#grammarState === null && this.#repeatPenalty !== 1) this.#penalize();
    const { logitIndex } = this.#cache;
    const token = await this.#loaded.sample(logitIndex, this.#free);
    if (this.#grammarState === null || this.#constrained === null) return token;
    const { AddonSampler: grammar } = this.#loaded.addon;
    if (token >= 0 && grammar.canBeNextTokenForGrammarEvaluationState(this.#grammarState, token)) {
      grammar.acceptGrammarEvaluationStateToken(this.#grammarState, token);
      return token;
    }
    if (this.#choice.temperature === 0) {
      const likeliest = await this.#likeliestAllowed(this.#grammarState);
      if (likeliest !== null) return likeliest;
    }
    // This sampler accepts the token that it chooses.
    this.#constrained.applyConfig({ ...this.#choice, grammarEvaluationState: this.#grammarState });
    const allowed = await this.#loaded.sample(logitIndex, this.#constrained);
    return allowed < 0 ? null : allowed;
  }

  /** Returns the most likely token that a grammar allows if it is among the most likely overall, otherwise null. */
  async #likeliestAllowed(state: AddonGrammarState): Promise<number | null> {
    const { addon, vocabulary } = this.#loaded;
    if (this.#ranking === null) {
      this.#ranking = new addon.AddonSampler(vocabulary);
      this.#ranking.applyConfig({ temperature: 1, topK: RANKED_TOKENS, topP: 1, minP: 0, seed: 0 });
    }
    const ranked = await this.#loaded.rank(this.#cache.logitIndex, this.#ranking);
    ranked.sort((one, other) => other.probability - one.probability);
    const { AddonSampler: grammar } = addon;
    const allowed = ranked.find(({ token }) => grammar.canBeNextTokenForGrammarEvaluationState(state, token));
    if (allowed === undefined) return null;
    grammar.acceptGrammarEvaluationStateToken(state, allowed.token);
    return allowed.token;
  }

  #penalize(): void {
    this.#free.applyConfig({
      ...this.#choice,
      repeatPenalty: this.#repeatPenalty,
      repeatPenaltyMaxTokens: REPEAT_PENALTY_TOKENS,
      repeatPenaltyTokens: Uint32Array.from(this.#cache.newest(REPEAT_PENALTY_TOKENS)),
    });
  }

  /** Releases the samplers, and removes evaluations after the end of the reply. */
  close(): void {
    this.#drafts.end();
    this.#cache.forgetAhead();
    this.#free.dispose();
    this.#constrained?.dispose();
    this.#ranking?.dispose();
  }
}
