import type { EngineTool } from "../engines/engine.js";

/** Share of the context that is reserved for the reply. */
export const REPLY_SHARE = 0.25;
/** Most tokens that a chat template adds around a message. */
export const MESSAGE_OVERHEAD_TOKENS = 8;
/** Tokens of a chat template's text before its list of tools. */
export const TOOLS_OVERHEAD_TOKENS = 64;

/**
 * Characters per token of ordinary English text, and of long tokens: tokenizers of these models do not average more.
 */
const USUAL_CHARACTERS_PER_TOKEN = 3.5;
const MOST_CHARACTERS_PER_TOKEN = 8;
/** The same for accented letters and other alphabets. */
const FOREIGN_CHARACTERS_PER_TOKEN = 2;

/** Returns the tokens of a context that are available for a request. */
export function requestBudget(contextTokens: number): number {
  return Math.floor(contextTokens * (1 - REPLY_SHARE));
}

/** Request tokens for a short message with its reply. */
const SHORT_MESSAGE_TOKENS = 256;
/** Step of context sizes, in tokens. llama.cpp rounds other sizes up. */
const CONTEXT_STEP_TOKENS = 256;

/** Returns the context that llama.cpp creates for a requested size. */
export function wholeContext(contextTokens: number): number {
  return Math.ceil(contextTokens / CONTEXT_STEP_TOKENS) * CONTEXT_STEP_TOKENS;
}

/** Returns the shortest context that fits a request of this size. */
export function contextFor(requestTokens: number): number {
  return wholeContext(requestTokens / (1 - REPLY_SHARE));
}

/** A request that is too large for the context. */
export interface LargeRequest {
  /** Tokens of the request without any message. */
  fixedTokens: number;
  /** Tokens of the whole request with its message. Default: `fixedTokens` plus a short message. */
  neededTokens?: number | undefined;
  budget: number;
  /** Longest context that the model was trained for, or null if unknown. */
  trainedTokens: number | null;
}

/** Returns advice for a request that is too large, by its largest part. It never exceeds the trained context. */
export function adviseOnContext({ fixedTokens, budget, trainedTokens, ...request }: LargeRequest): string {
  const { neededTokens = fixedTokens + SHORT_MESSAGE_TOKENS } = request;
  // If the fixed part takes half of the budget, the message is not the problem.
  const isFixed = fixedTokens > 0 && fixedTokens > budget / 2;
  const shorten = isFixed
    ? "Shorten the instructions or name fewer skills and tools in spec.capabilities"
    : "Send a shorter message";
  const enough = contextFor(neededTokens);
  if (trainedTokens === null) return `${shorten}, or load the model with a larger context (engine.context).`;
  return enough <= trainedTokens
    ? `${shorten}, or set engine.context to ${enough} or more.`
    : `${shorten}, or use a model that was trained for more than ${trainedTokens} tokens.`;
}

/** Texts at the beginning of every request. */
export interface FixedTexts {
  instructions: string;
  /** See {@link toolText}. */
  tools: readonly string[];
}

/** Returns the text that is counted for a tool. The prompt does not include whether it changes the world. */
export function toolText({ name, description, inputSchema }: Omit<EngineTool, "changesWorld">): string {
  return JSON.stringify({ name, description, inputSchema });
}

function fixedTokens({ instructions, tools }: FixedTexts, tokensOf: (text: string) => number): number {
  const texts = [...(instructions === "" ? [] : [instructions]), ...tools];
  const overhead = texts.length * MESSAGE_OVERHEAD_TOKENS + (tools.length === 0 ? 0 : TOOLS_OVERHEAD_TOKENS);
  return texts.reduce((sum, text) => sum + Math.ceil(tokensOf(text)), 0) + overhead;
}

/**
 * Estimates the tokens of a text. Small models read digits one by one, and also Chinese, Japanese and Korean
 * characters.
 */
function likelyTokens(text: string): number {
  const single = text.match(/[0-9\u2e80-\uffff]/g)?.length ?? 0;
  const foreign = text.match(/[\u0080-\u2e7f]/g)?.length ?? 0;
  const usual = text.length - single - foreign;
  return single + foreign / FOREIGN_CHARACTERS_PER_TOKEN + usual / USUAL_CHARACTERS_PER_TOKEN;
}

function leastTokens(text: string): number {
  return text.length / MOST_CHARACTERS_PER_TOKEN;
}

/** Returns the context that probably fits requests with these texts and a short message, in tokens. */
export function neededContext(texts: FixedTexts): number {
  return contextFor(fixedTokens(texts, likelyTokens) + SHORT_MESSAGE_TOKENS);
}

/**
 * Returns the tokens of a request without any message, estimated from its characters: the minimum and the usual figure.
 * Returns null if even the usual figure fits the context together with a short message.
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
