/** The settings of a plan that can be chosen freely. */
export interface LoadSettings {
  contextTokens: number;
  batchTokens: number;
  kvType: string;
  mapsFile: boolean;
}

/**
 * Tokens that are read at once. 64 read a prompt as fast as 512 do (16: 0.8 × as fast), can be interrupted eight times as
 * often, and reserve 84 MB less for a vocabulary of 49,152 tokens.
 */
export const DEFAULT_BATCH_TOKENS = 64;

/**
 * Tokens of context that are enough for most agents, and that `auto` begins with: all memory for a context costs time at
 * every start, and most conversations never fill it. A plan with fewer accepts a loss of speed or quality to get them.
 */
export const ENOUGH_CONTEXT_TOKENS = 4096;

/** llama.cpp makes room for a multiple of so many tokens. */
export const CACHE_CELL_MULTIPLE = 256;

/** With less than this, instructions, one question and its answer no longer fit into a context. */
export const MIN_USEFUL_CONTEXT_TOKENS = 512;
