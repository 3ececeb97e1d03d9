import type { SamplingOptions } from "../engine.js";
import type { AddonGrammarState, AddonSampler } from "./llama-addon.js";
import type { LoadedModel } from "./loaded-model.js";
import type { PromptCache } from "./prompt-cache.js";

/** Number of the newest tokens that the repeat penalty looks at. */
const REPEAT_PENALTY_TOKENS = 64;

/**
 * Chooses tokens. With a grammar it first chooses freely and asks whether the grammar allows the token, which it mostly
 * does for a model that was asked for JSON. Only otherwise it makes the costly choice among all tokens that are allowed.
 */
export class TokenSampler {
  readonly #loaded: LoadedModel;
  readonly #cache: PromptCache;
  readonly #free: AddonSampler;
  readonly #constrained: AddonSampler | null = null;
  readonly #grammarState: AddonGrammarState | null = null;
  readonly #choice: { temperature: number; topK: number; topP: number; minP: number; seed: number };
  readonly #repeatPenalty: number;

  constructor(loaded: LoadedModel, cache: PromptCache, sampling: SamplingOptions, grammar: string | null) {
    const { addon, vocabulary } = loaded;
    this.#loaded = loaded;
    this.#cache = cache;
    // Values that suit small instruction models, by their publishers' advice.
    const { temperature = 0.3, topK = 40, topP = 0.95, minP = 0.05, repeatPenalty = 1.05 } = sampling;
    const { seed = Math.floor(Math.random() * 2 ** 32) } = sampling;
    this.#choice = { temperature, topK, topP, minP, seed };
    this.#repeatPenalty = repeatPenalty;
    this.#free = new addon.AddonSampler(vocabulary);
    this.#free.applyConfig(this.#choice);
    if (grammar !== null) {
      const compiled = new addon.AddonGrammar(grammar, { addonExports: addon, rootRuleName: "root" });
      this.#grammarState = new addon.AddonGrammarEvaluationState(vocabulary, compiled);
      this.#constrained = new addon.AddonSampler(vocabulary);
    }
  }

  /** Chooses the token that follows those in the cache; null where a grammar allows none. */
  async next(): Promise<number | null> {
    // Under a grammar a penalty would push the model away from the quotes and braces that it must repeat.
    if (this.#grammarState === null && this.#repeatPenalty !== 1) this.#penalize();
    const { logitIndex } = this.#cache;
    const token = await this.#loaded.sample(logitIndex, this.#free);
    if (this.#grammarState === null || this.#constrained === null) return token;
    const { AddonSampler: grammar } = this.#loaded.addon;
    if (token >= 0 && grammar.canBeNextTokenForGrammarEvaluationState(this.#grammarState, token)) {
      grammar.acceptGrammarEvaluationStateToken(this.#grammarState, token);
      return token;
    }
    // This sampler accepts by itself the token that it chooses.
    this.#constrained.applyConfig({ ...this.#choice, grammarEvaluationState: this.#grammarState });
    const allowed = await this.#loaded.sample(logitIndex, this.#constrained);
    return allowed < 0 ? null : allowed;
  }

  #penalize(): void {
    this.#free.applyConfig({
      ...this.#choice,
      repeatPenalty: this.#repeatPenalty,
      repeatPenaltyMaxTokens: REPEAT_PENALTY_TOKENS,
      repeatPenaltyTokens: Uint32Array.from(this.#cache.newest(REPEAT_PENALTY_TOKENS)),
    });
  }

  close(): void {
    this.#free.dispose();
    this.#constrained?.dispose();
  }
}
