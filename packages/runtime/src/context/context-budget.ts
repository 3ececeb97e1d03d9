/** The part of the context that is left free for the reply. */
export const REPLY_SHARE = 0.25;
/** Wrapping of a message by a chat template, in tokens, at most. */
export const MESSAGE_OVERHEAD_TOKENS = 8;
/** Sentence of a chat template before its list of tools, in tokens. */
export const TOOLS_OVERHEAD_TOKENS = 64;

/** Characters of a token of ordinary text, and of a long one: no tokenizer of these models averages more. */
const USUAL_CHARACTERS_PER_TOKEN = 3.5;
const MOST_CHARACTERS_PER_TOKEN = 8;

/** Tokens of a context that a request may take. */
export function requestBudget(contextTokens: number): number {
  return Math.floor(contextTokens * (1 - REPLY_SHARE));
}

/** Advice for a request that is too large, by what fills it. */
export function adviseOnContext(fixedTokens: number, budget: number): string {
  // Where half of it is taken before anybody says anything, the message is not what is too long.
  return fixedTokens > budget / 2
    ? "Shorten the instructions or name fewer skills and tools in spec.capabilities, or load the model with a larger engine.context."
    : "Send a shorter message, or load the model with a larger context.";
}

/**
 * What a request takes before anybody says anything, in tokens, from its characters alone: at least, and as a rule.
 * Null where even the latter fits a context with room for a short message.
 */
export function estimateFixedCost(
  { instructions, tools }: { instructions: string; tools: readonly string[] },
  contextTokens: number,
): { least: number; likely: number; budget: number } | null {
  const budget = requestBudget(contextTokens);
  const texts = [...(instructions === "" ? [] : [instructions]), ...tools];
  const overhead = texts.length * MESSAGE_OVERHEAD_TOKENS + (tools.length === 0 ? 0 : TOOLS_OVERHEAD_TOKENS);
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  const tokens = (perToken: number) => Math.ceil(characters / perToken) + overhead;
  const [least, likely] = [tokens(MOST_CHARACTERS_PER_TOKEN), tokens(USUAL_CHARACTERS_PER_TOKEN)];
  return likely + MESSAGE_OVERHEAD_TOKENS < budget ? null : { least, likely, budget };
}
