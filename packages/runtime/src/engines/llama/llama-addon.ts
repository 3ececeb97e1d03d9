import path from "node:path";
import { requireFrom } from "../../files/own-places.js";
import { findLlamaAddon } from "./find-llama-addon.js";

/**
 * The calls of llama.cpp's prebuilt add-on that are used. No other file depends on them. They are an internal interface
 * of node-llama-cpp without any stability promise, so the packages are pinned to one version, and `llama-addon.test.ts`
 * fails if this file no longer matches. Calls that do not return a promise are fast.
 */
export interface LlamaAddon {
  AddonModel: new (modelPath: string, options: AddonModelOptions) => AddonModel;
  AddonContext: new (model: AddonModel, options: AddonContextOptions) => AddonContext;
  AddonSampler: {
    new (model: AddonModel): AddonSampler;
    canBeNextTokenForGrammarEvaluationState(state: AddonGrammarState, token: number): boolean;
    acceptGrammarEvaluationStateToken(state: AddonGrammarState, token: number): void;
  };
  AddonGrammar: new (grammar: string, options: { addonExports: LlamaAddon; rootRuleName: string }) => AddonGrammar;
  AddonGrammarEvaluationState: {
    new (model: AddonModel, grammar: AddonGrammar): AddonGrammarState;
    /** Makes an independent copy. */
    new (state: AddonGrammarState): AddonGrammarState;
  };
  /** Must be called once before anything else. Returns true if another copy did so before. */
  markLoaded(): boolean;
  setLogger(logger: (level: number, message: string) => void): void;
  setLoggerLogLevel(level: number): void;
  loadBackends(folder?: string): void;
  /** Undefined until a backend is loaded, false for the CPU backend. */
  getGpuType(): string | false | undefined;
  init(): Promise<void>;
}

interface AddonModelOptions {
  addonExports: LlamaAddon;
  gpuLayers: number;
  useMmap: boolean;
  useMlock: boolean;
  checkTensors: boolean;
  vocabOnly: boolean;
  hasLoadAbortSignal: boolean;
  onLoadProgress?: (share: number) => void;
}

export interface AddonModel {
  /** Resolves with false if the file cannot be loaded. */
  init(): Promise<boolean>;
  dispose(): Promise<void>;
  tokenize(text: string, withSpecialTokens: boolean): Uint32Array;
  detokenize(tokens: Uint32Array, withSpecialTokens: boolean): string;
  /** -1 if the model has none. */
  tokenBos(): number;
  tokenEos(): number;
  getTokenString(token: number): string;
  /** llama.cpp's bit set of token attributes; see {@link CONTROL_TOKEN}. */
  getTokenAttributes(token: number): number;
  isEogToken(token: number): boolean;
  shouldPrependBosToken(): boolean;
}

/** Attribute bit of control tokens such as `<|im_start|>`, which are not text. */
export const CONTROL_TOKEN = 1 << 3;

interface AddonContextOptions {
  contextSize: number;
  batchSize: number;
  sequences: number;
  flashAttention: boolean;
  threads: number;
  embeddings: boolean;
  ranking: boolean;
  performanceTracking: boolean;
  swaFullCache: boolean;
  kvCacheKeyType?: number;
  kvCacheValueType?: number;
}

export interface AddonContext {
  /** Resolves with false if there is not enough memory. */
  init(): Promise<boolean>;
  dispose(): Promise<void>;
  getContextSize(): number;
  initBatch(tokens: number): void;
  /** Returns the position of the logits for each index that requests them. */
  addToBatch(sequence: number, firstPosition: number, tokens: Uint32Array, logitIndexes: Uint32Array): Uint32Array;
  decodeBatch(): Promise<void>;
  /** -1 if a grammar allows no token. */
  sampleToken(logitIndex: number, sampler: AddonSampler): Promise<number>;
  /** Same, with every token that the sampler kept and its relative probability: token, probability, token, … */
  sampleToken(
    logitIndex: number,
    sampler: AddonSampler,
    withProbabilities: true,
  ): Promise<[token: number, probabilities: readonly number[] | undefined, confidence: number | undefined]>;
  removeTokenCellsFromSequence(sequence: number, start: number, end: number): boolean;
  /**
   * First position whose cells are complete in all layers, or -1 without any. It is above 0 after layers with a sliding
   * window dropped their oldest cells, and the last position for recurrent layers, which have only one state.
   */
  getSequenceKvCacheMinPosition(sequence: number): number;
  setThreads(threads: number): void;
  /** Embedding of the token before this one in the last batch. Only for a context with `embeddings`. */
  getEmbedding(tokens: number): Float64Array;
  saveSequenceStateToFile(file: string, sequence: number, tokens: Uint32Array): Promise<number>;
  loadSequenceStateFromFile(file: string, sequence: number, maxTokens: number): Promise<Uint32Array>;
  getMemoryBreakdown(): { cpuRam: number; gpuVram: number };
}

export interface AddonSampler {
  applyConfig(options: {
    temperature?: number;
    minP?: number;
    topK?: number;
    topP?: number;
    seed?: number;
    repeatPenalty?: number;
    repeatPenaltyMaxTokens?: number;
    repeatPenaltyTokens?: Uint32Array;
    grammarEvaluationState?: AddonGrammarState;
    /** Tokens whose logits are raised, and by how much. */
    tokenBiasKeys?: Uint32Array;
    tokenBiasValues?: Float32Array;
  }): void;
  dispose(): void;
}

interface AddonGrammar {
  isTextCompatible(text: string): boolean;
}

declare const grammarState: unique symbol;
export interface AddonGrammarState {
  readonly [grammarState]: true;
}

/**
 * Loads and initializes the add-on once. From now on `log` receives its messages. Throws {@link EngineError}
 * `engine-unavailable` if this system cannot load it.
 */
export async function loadLlamaAddon(log: (level: number, message: string) => void = () => {}): Promise<LlamaAddon> {
  listener = log;
  loaded ??= load();
  try {
    return await loaded;
  } catch (error) {
    loaded = null;
    throw error;
  }
}

let loaded: Promise<LlamaAddon> | null = null;
/**
 * Receiver of the messages. The add-on accepts only one logger: when a previous one is garbage-collected, it drops all
 * messages.
 */
let listener: (level: number, message: string) => void = () => {};

async function load(): Promise<LlamaAddon> {
  const folder = await findLlamaAddon().catch(async (error: unknown) => {
    const { explainMissingAddon } = await import("./check-llama-addon.js");
    throw explainMissingAddon(error);
  });
  let addon: LlamaAddon;
  try {
    const file = path.join(folder, "llama-addon.node");
    addon = requireFrom(file)(file);
  } catch (cause) {
    const { explainLoadFailure } = await import("./check-llama-addon.js");
    throw await explainLoadFailure(folder, cause);
  }
  addon.markLoaded();
  if (!hasLogger) addon.setLogger((level, message) => listener(level, message));
  hasLogger = true;
  addon.setLoggerLogLevel(LOG_ERRORS);
  addon.loadBackends();
  if (addon.getGpuType() === undefined) addon.loadBackends(folder);
  if (addon.getGpuType() === undefined) {
    const { explainLoadFailure } = await import("./check-llama-addon.js");
    throw await explainLoadFailure(folder, new Error("llama.cpp found no library for this processor (libggml-cpu)."));
  }
  await addon.init();
  return addon;
}

const LOG_ERRORS = 2;
let hasLogger = false;
