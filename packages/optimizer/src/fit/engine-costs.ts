import { BYTES_PER_MB } from "@nanoagent/models";

// What the llama.cpp of node-llama-cpp's packages, version 3.22.1, takes beside what can be computed. Measured on Linux
// x64 with Node 20 (--v8-pool-size=0, UV_THREADPOOL_SIZE=1) by what RssAnon, RssFile and VmData grew by.

/** Objects of the loaded model and context, the sampler's chain and code of the engine that is written to. */
export const ENGINE_BASE_BYTES = 3.4 * BYTES_PER_MB;

/**
 * A vocabulary with merges: token texts, their index, merge ranks. By vocabulary size 32,000: 288 bytes a token; 49,152
 * (SmolLM2, and one of ours): 289; 128,256: 291; 151,936: 289.
 */
export const VOCABULARY_BYTES_PER_TOKEN = 290;

/** Bytes of the sampler for each token of the vocabulary: its id, its logit and its probability. */
export const SAMPLER_BYTES_PER_TOKEN = 12;

/**
 * Bytes of a grammar for each token of the vocabulary once it has to sort out all of them: 31 MB for SmolLM2's
 * 49,152 tokens. A vocabulary of short tokens takes less.
 */
export const GRAMMAR_BYTES_PER_TOKEN = 680;

/** The graph may have so many nodes for each tensor of the file, and at least so many in all. */
export const GRAPH_NODES_PER_TENSOR = 8;
export const MIN_GRAPH_NODES = 1024;

/**
 * For each of those nodes the scheduler reserves room for 60 copies of tensors of 336 bytes and four lists of 61 numbers,
 * and each of three graphs 368 bytes for a tensor and 72 for its place in the graph.
 */
export const GRAPH_RESERVED_BYTES_PER_NODE = 60 * 336 + 4 * 61 * 4 + 3 * (368 + 72);

/** The part of it that is written to: the three graphs. */
export const GRAPH_RESIDENT_BYTES_PER_NODE = 3 * (368 + 72);

/** The cache keeps position and sequences of each of its cells. */
export const BYTES_PER_CACHE_CELL = 50;

/** A thread of the engine's; the stack of all threads is limited to it (`ulimit -s 1024`). */
export const THREAD_STACK_BYTES = BYTES_PER_MB;

/** Memory of the process that the engine lives in, before a model is loaded. */
export interface HostCost {
  /** Anonymous memory that is touched, and all that is reserved. */
  pinnedBytes: number;
  reservedBytes: number;
  /** Code that is mapped from files and that other processes share. */
  evictableBytes: number;
}

/**
 * A Node process with the engine's library loaded, and what its heap grows to over a conversation: 16.6 MB anonymous for
 * a model whose other lines come to 6, where stacks are limited to 1 MB; 45 MB of code are touched once replies have been
 * computed.
 */
export const ENGINE_HOST: HostCost = {
  pinnedBytes: 11 * BYTES_PER_MB,
  reservedBytes: 26 * BYTES_PER_MB,
  evictableBytes: 45 * BYTES_PER_MB,
};

/** Tokens that the context which scores tools evaluates at once. The runtime's engine has the same. */
export const CHOOSING_BATCH_TOKENS = 16;
