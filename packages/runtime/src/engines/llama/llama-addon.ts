import path from "node:path";
import { requireFrom } from "../../files/own-places.js";
import { findLlamaAddon } from "./find-llama-addon.js";

/**
 * The calls of llama.cpp's prebuilt add-on that are used; the one place that knows them. The interface is the inner one
 * of node-llama-cpp, which promises it nowhere: the packages are pinned to one version, and `llama-addon.test.ts` fails
 * when this file stops being true. Every call that returns no promise is quick.
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
    /** A copy, which goes on by itself. */
    new (state: AddonGrammarState): AddonGrammarState;
  };
  /** Must be called once before anything else. True when another copy had done so. */
  markLoaded(): boolean;
  setLogger(logger: (level: number, message: string) => void): void;
  setLoggerLogLevel(level: number): void;
  loadBackends(folder?: string): void;
  /** Undefined until a backend is loaded, false when it is the CPU's. */
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
  /** False when the file cannot be loaded. */
  init(): Promise<boolean>;
  dispose(): Promise<void>;
  tokenize(text: string, withSpecialTokens: boolean): Uint32Array;
  detokenize(tokens: Uint32Array, withSpecialTokens: boolean): string;
  /** -1 where the model has none. */
  tokenBos(): number;
  tokenEos(): number;
  getTokenString(token: number): string;
  /** llama.cpp's bit set of token attributes; see {@link CONTROL_TOKEN}. */
  getTokenAttributes(token: number): number;
  isEogToken(token: number): boolean;
  shouldPrependBosToken(): boolean;
}

/** The bit of a token that steers the conversation and is no text: `<|im_start|>`. */
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
  /** False when there is not enough memory for it. */
  init(): Promise<boolean>;
  dispose(): Promise<void>;
  getContextSize(): number;
  initBatch(tokens: number): void;
  /** Returns, for each index whose logits are wanted, where they will be found. */
  addToBatch(sequence: number, firstPosition: number, tokens: Uint32Array, logitIndexes: Uint32Array): Uint32Array;
  decodeBatch(): Promise<void>;
  /** -1 when a grammar leaves nothing to choose. */
  sampleToken(logitIndex: number, sampler: AddonSampler): Promise<number>;
  /** The same, with every token that the sampler kept and its probability among those: token, probability, token, … */
  sampleToken(
    logitIndex: number,
    sampler: AddonSampler,
    withProbabilities: true,
  ): Promise<[token: number, probabilities: readonly number[] | undefined, confidence: number | undefined]>;
  removeTokenCellsFromSequence(sequence: number, start: number, end: number): boolean;
  setThreads(threads: number): void;
  /** The vector of the token before this one in the last batch. Only of a context with `embeddings`. */
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
 * Loads the add-on and gets it ready, once. `log` gets its messages from now on. Throws {@link EngineError}
 * `engine-unavailable`, which says why this system cannot load it and what to do.
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
/** Who hears the messages. The add-on gets one logger for good: when a former one is collected, it drops all messages. */
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
