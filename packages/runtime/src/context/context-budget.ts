import type { EngineTool } from "../engines/engine.js";

/** The part of the context that is left free for the reply. */
export const REPLY_SHARE = 0.25;
/** Wrapping of a message by a chat template, in tokens, at most. */
export const MESSAGE_OVERHEAD_TOKENS = 8;
/** Sentence of a chat template before its list of tools, in tokens. */
export const TOOLS_OVERHEAD_TOKENS = 64;

/** Characters of a token of ordinary English text, and of a long one: no tokenizer of these models averages more. */
const USUAL_CHARACTERS_PER_TOKEN = 3.5;
const MOST_CHARACTERS_PER_TOKEN = 8;
/** The same of letters with accents and of other alphabets. */
const FOREIGN_CHARACTERS_PER_TOKEN = 2;

/** Tokens of a context that a request may take. */
export function requestBudget(contextTokens: number): number {
  return Math.floor(contextTokens * (1 - REPLY_SHARE));
}

/** Room for a short message with its reply, in tokens of a request. */
const SHORT_MESSAGE_TOKENS = 256;
/** Contexts come in steps of so many tokens: llama.cpp makes any other one longer. */
const CONTEXT_STEP_TOKENS = 256;

/** Returns the context that llama.cpp makes where one of so many tokens is asked for. */
export function wholeContext(contextTokens: number): number {
  return Math.ceil(contextTokens / CONTEXT_STEP_TOKENS) * CONTEXT_STEP_TOKENS;
}

/** Returns the shortest context that has room for so many tokens of a request. */
export function contextFor(requestTokens: number): number {
  return wholeContext(requestTokens / (1 - REPLY_SHARE));
}

/** A request that is too large for its context. */
export interface LargeRequest {
  /** Tokens that it takes before anybody says anything. */
  fixedTokens: number;
  /** Tokens of the whole request, with its message. Default: those before it and of a short message. */
  neededTokens?: number | undefined;
  budget: number;
  /** Longest context that the model was trained for; null where it is not known. */
  trainedTokens: number | null;
}

/** Advice for a request that is too large, by what fills it. It names no context that is longer than the trained one. */
export function adviseOnContext({ fixedTokens, budget, trainedTokens, ...request }: LargeRequest): string {
  const { neededTokens = fixedTokens + SHORT_MESSAGE_TOKENS } = request;
  // Where half of it is taken before anybody says anything, the message is not what is too long.
  const isFixed = fixedTokens > 0 && fixedTokens > budget / 2;
  const shorten = isFixed
    ? "Shorten the instructions or name fewer skills and tools in spec.capabilities"
    : "Send a shorter message";
  const enough = contextFor(neededTokens);
  if (trainedTokens === null) return `${shorten}, or load the model with a larger context (engine.context).`;
  return enough <= trainedTokens
    ? `${shorten}, or set engine.context to ${enough} or more.`
    : `${shorten}, or take a model that was trained for more than ${trainedTokens} tokens.`;
}

/** Texts that every request begins with. */
export interface FixedTexts {
  instructions: string;
  /** See {@link toolText}. */
  tools: readonly string[];
}

/** Returns the text that is counted for a tool. Whether it changes the world is not in the prompt. */
export function toolText({ name, description, inputSchema }: Omit<EngineTool, "changesWorld">): string {
  return JSON.stringify({ name, description, inputSchema });
}

function fixedTokens({ instructions, tools }: FixedTexts, tokensOf: (text: string) => number): number {
  const texts = [...(instructions === "" ? [] : [instructions]), ...tools];
  const overhead = texts.length * MESSAGE_OVERHEAD_TOKENS + (tools.length === 0 ? 0 : TOOLS_OVERHEAD_TOKENS);
  return texts.reduce((sum, text) => sum + Math.ceil(tokensOf(text)), 0) + overhead;
}

/** Tokens of a text as a rule. Small models read digits one by one, and so characters of Chinese, Japanese and Korean. */
function likelyTokens(text: string): number {
  const single = text.match(/[0-9\u2e80-\uffff]/g)?.length ?? 0;
  const foreign = text.match(/[\u0080-\u2e7f]/g)?.length ?? 0;
  const usual = text.length - single - foreign;
  return single + foreign / FOREIGN_CHARACTERS_PER_TOKEN + usual / USUAL_CHARACTERS_PER_TOKEN;
}

function leastTokens(text: string): number {
  return text.length / MOST_CHARACTERS_PER_TOKEN;
}

/** Returns the context that is likely to have room for requests with these texts and a short message, in tokens. */
export function neededContext(texts: FixedTexts): number {
  return contextFor(fixedTokens(texts, likelyTokens) + SHORT_MESSAGE_TOKENS);
}

/**
 * What a request takes before anybody says anything, in tokens, from its characters alone: at least, and as a rule.
 * Null where even the latter fits a context with room for a short message.
 */
export function estimateFixedCost(
  texts: FixedTexts,
  contextTokens: number,
): { least: number; likely: number; budget: number } | null {
  const budget = requestBudget(contextTokens);
  const least = fixedTokens(texts, leastTokens);
  const likely = fixedTokens(texts, likelyTokens);
  return likely + MESSAGE_OVERHEAD_TOKENS < budget ? null : { least, likely, budget };
}
