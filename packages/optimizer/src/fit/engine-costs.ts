import { BYTES_PER_MB } from "@nanoagent/models";

// Memory of llama.cpp, as packaged by node-llama-cpp 3.22.1, that cannot be computed from the header. Measured on Linux
// x64 with Node 20 (--v8-pool-size=0, UV_THREADPOOL_SIZE=1) as the growth of RssAnon, RssFile and VmData.

/** Objects of the loaded model and context, the sampler chain, and writable pages of the engine's library. */
export const ENGINE_BASE_BYTES = 3.4 * BYTES_PER_MB;

/**
 * Bytes per token of a vocabulary with merges: token texts, their index, merge ranks. Measured by vocabulary size:
 * 32,000: 288 bytes; 49,152 (SmolLM2 and a test model): 289; 128,256: 291; 151,936: 289.
 */
export const VOCABULARY_BYTES_PER_TOKEN = 290;

/** Bytes of the sampler per token of the vocabulary: id, logit and probability. */
export const SAMPLER_BYTES_PER_TOKEN = 12;

/**
 * Bytes of a grammar per token of the vocabulary when it filters all tokens: 31 MB for the 49,152 tokens of SmolLM2. A
 * vocabulary of short tokens needs less.
 */
export const GRAMMAR_BYTES_PER_TOKEN = 680;

/** Most graph nodes per tensor of the file. */
export const GRAPH_NODES_PER_TENSOR = 8;
/** Graph nodes that are allocated at least, whatever the number of tensors. */
export const MIN_GRAPH_NODES = 1024;

/**
 * Bytes reserved per node: the scheduler reserves 60 tensor copies of 336 bytes and four lists of 61 numbers, and each
 * of three graphs reserves 368 bytes for the tensor and 72 for its entry in the graph.
 */
export const GRAPH_RESERVED_BYTES_PER_NODE = 60 * 336 + 4 * 61 * 4 + 3 * (368 + 72);

/** The part of the reserved bytes that is written: the three graphs. */
export const GRAPH_RESIDENT_BYTES_PER_NODE = 3 * (368 + 72);

/** Bytes per cell of the cache for its position and sequences. */
export const BYTES_PER_CACHE_CELL = 50;

/** Stack size of an engine thread, as set by `ulimit -s 1024`. */
export const THREAD_STACK_BYTES = BYTES_PER_MB;

/** Memory of the process that runs the engine, before a model is loaded. */
export interface HostCost {
  /** Resident anonymous memory. */
  pinnedBytes: number;
  /** Reserved memory. */
  reservedBytes: number;
  /** Code mapped from files, which other processes share. */
  evictableBytes: number;
}

/**
 * A Node process with the engine's library loaded, including the growth of its heap over a conversation. Measured with
 * stacks limited to 1 MB: 16.6 MB of anonymous memory for a model whose other lines add up to 6 MB, and 45 MB of code
 * once replies have been computed.
 */
export const ENGINE_HOST: HostCost = {
  pinnedBytes: 11 * BYTES_PER_MB,
  reservedBytes: 26 * BYTES_PER_MB,
  evictableBytes: 45 * BYTES_PER_MB,
};

/** Batch size of the context that scores tools. The runtime's engine uses the same value. */
export const CHOOSING_BATCH_TOKENS = 16;
