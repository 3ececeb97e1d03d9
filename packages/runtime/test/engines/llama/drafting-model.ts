import type { Payoff } from "../../../src/engines/llama/drafts.js";
import { Drafts } from "../../../src/engines/llama/drafts.js";
import { PromptCache, type TokenEvaluator } from "../../../src/engines/llama/prompt-cache.js";

/**
 * An in-memory model. A batch takes as long as `cost` returns for its size, and a token's logits are at its position.
 */
export class DraftingModel implements TokenEvaluator {
  tokens: number[] = [];
  batches: number[] = [];
  milliseconds = 0;
  canForgetParts = true;
  cost: (tokens: number) => number = (tokens) => tokens;

  async evaluate(position: number, tokens: readonly number[]): Promise<number> {
    await this.evaluateEach(position, tokens, 0);
    return position + tokens.length - 1;
  }

  async evaluateEach(position: number, tokens: readonly number[], from: number): Promise<number[]> {
    if (position !== this.tokens.length) throw new Error("not after the last token");
    this.tokens.push(...tokens);
    this.batches.push(tokens.length);
    this.milliseconds += this.cost(tokens.length);
    return tokens.slice(from).map((_, index) => position + from + index);
  }

  removeFrom(position: number): boolean {
    if (position > 0 && position < this.tokens.length && !this.canForgetParts) return false;
    this.tokens.length = position;
    return true;
  }
}

/** Always drafts the maximum number of tokens. */
export const alwaysDrafts: Payoff = {
  noteBatch: () => {},
  noteGuess: () => {},
  noteDraft: () => {},
  draftTokens: (_, most) => Math.min(most, 7),
  paysTogether: () => true,
};

/** Creates a model with a prompt in its cache, and starts a reply. */
export async function beginReply(prompt: readonly number[], settings: Partial<DraftingModel> = {}, payoff?: Payoff) {
  const model = Object.assign(new DraftingModel(), settings);
  const cache = new PromptCache(model, { batchTokens: 64, clock: () => model.milliseconds });
  const drafts = new Drafts(cache, { batchTokens: 64, payoff, clock: () => model.milliseconds });
  cache.keepCommonPrefix(prompt);
  await cache.prefill(prompt, () => false);
  drafts.begin(cache.content.tokens);
  model.milliseconds = 0;
  model.batches = [];
  const accept = async (token: number, most = 1000) => {
    if (!drafts.take(token)) await drafts.evaluate(token, most);
  };
  const end = () => {
    drafts.end();
    cache.forgetAhead();
  };
  return { model, cache, drafts, accept, end };
}
