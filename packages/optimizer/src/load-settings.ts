/** The settings of a plan that can be chosen freely. */
export interface LoadSettings {
  contextTokens: number;
  batchTokens: number;
  kvType: string;
  mapsFile: boolean;
}

/**
 * Default batch size in tokens. Batches of 64 read a prompt as fast as batches of 512 (16: 0.8 × as fast), can be
 * interrupted eight times as often, and reserve 84 MB less for a vocabulary of 49,152 tokens.
 */
export const DEFAULT_BATCH_TOKENS = 64;

/**
 * Context length that is enough for most agents, and the default of `auto`: memory for a context costs time at every
 * start, and most conversations never fill it. Plans with a shorter context give up speed or quality to reach it.
 */
export const ENOUGH_CONTEXT_TOKENS = 4096;

/** llama.cpp rounds the capacity of a cache up to a multiple of this many tokens. */
export const CACHE_CELL_MULTIPLE = 256;

/** Shortest context that still holds instructions, one question and its answer. */
export const MIN_USEFUL_CONTEXT_TOKENS = 512;
