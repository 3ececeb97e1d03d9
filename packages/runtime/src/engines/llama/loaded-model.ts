import { stat } from "node:fs/promises";
import { tellsOfMemory } from "../../processes/fatal-output.js";
import { EngineError } from "../engine-error.js";
import { outOfMemory } from "../host/host-exit.js";
import {
  type AddonContext,
  type AddonModel,
  type AddonSampler,
  type LlamaAddon,
  loadLlamaAddon,
} from "./llama-addon.js";
import { NativeMessages } from "./native-messages.js";
import type { TokenEvaluator } from "./prompt-cache.js";
import { ReasoningTokens } from "./reasoning-tokens.js";

/** Options for loading a model with llama.cpp. */
export interface LoadOptions {
  modelPath: string;
  contextTokens: number;
  batchTokens: number;
  threads: number;
  /** Whether to map the weights from the file instead of reading them into memory. */
  mapsFile: boolean;
  /** Default: `f16`. */
  kvType?: "f16" | "q8_0" | undefined;
  /** Longest sliding window of a layer, in tokens. Default: null, which means none or unknown. */
  windowTokens?: number | null | undefined;
  onProgress?: ((share: number) => void) | undefined;
}

/** ggml's type numbers for a KV cache. */
const kvTypeNumbers = { f16: 1, q8_0: 8 } as const;

/** The only sequence in a context. */
const SEQUENCE = 0;
const TO_THE_END = -1;

/** Options for a context. */
interface ContextOptions {
  contextTokens: number;
  batchTokens: number;
  threads: number;
  kvType: "f16" | "q8_0";
  /** Whether the context returns an embedding per token. Default: false. */
  embeddings?: boolean | undefined;
}

function newContext(addon: LlamaAddon, model: AddonModel, options: ContextOptions): AddonContext {
  const { contextTokens, batchTokens, threads, kvType, embeddings = false } = options;
  return new addon.AddonContext(model, {
    contextSize: contextTokens,
    batchSize: batchTokens,
    sequences: 1,
    flashAttention: true,
    threads,
    embeddings,
    ranking: false,
    performanceTracking: false,
    swaFullCache: false,
    kvCacheKeyType: kvTypeNumbers[kvType],
    kvCacheValueType: kvTypeNumbers[kvType],
  });
}

function noRoomForContext(tokens: number, reasons = ""): EngineError {
  return outOfMemory(`Cannot create a context of ${tokens} tokens. ${reasons}`.trim());
}

/** A loaded model, with one context for one sequence of tokens. */
export class LoadedModel implements TokenEvaluator {
  readonly addon: LlamaAddon;
  /** Vocabulary of the model. */
  readonly vocabulary: AddonModel;
  contextTokens: number;
  #marks: ReasoningTokens | null = null;
  #options: ContextOptions;
  #openContext: AddonContext | null;
  readonly #windowTokens: number | null;

  private constructor(
    addon: LlamaAddon,
    model: AddonModel,
    context: AddonContext,
    { windowTokens = null, ...options }: ContextOptions & Pick<LoadOptions, "windowTokens">,
  ) {
    this.addon = addon;
    this.vocabulary = model;
    this.#openContext = context;
    this.#options = options;
    this.#windowTokens = windowTokens;
    this.contextTokens = context.getContextSize();
  }

  /** Control tokens that mark reasoning. Created lazily, because a model that is only measured may lack a tokenizer. */
  get marks(): ReasoningTokens {
    this.#marks ??= new ReasoningTokens(this.vocabulary);
    return this.#marks;
  }

  get #context(): AddonContext {
    if (this.#openContext === null) throw new Error("the context was released");
    return this.#openContext;
  }

  /** Whether the context exists. */
  get hasContext(): boolean {
    return this.#openContext !== null;
  }

  /** Releases the context's memory. Its contents are lost. */
  async releaseContext(): Promise<void> {
    const context = this.#openContext;
    this.#openContext = null;
    await context?.dispose();
  }

  /** Creates the context again if it was released. Throws {@link EngineError} `engine-out-of-memory`. */
  async ensureContext(): Promise<void> {
    this.#openContext ??= await this.openContext(this.#options);
  }

  /** Replaces the context with an empty one of this length. On failure, restores the old length and throws. */
  async resizeContext(contextTokens: number): Promise<void> {
    const before = this.#options;
    await this.releaseContext();
    this.#options = { ...before, contextTokens };
    try {
      await this.ensureContext();
    } catch (error) {
      this.#options = before;
      await this.ensureContext();
      throw error;
    }
    this.contextTokens = this.#context.getContextSize();
  }

  /** Opens an additional context. Throws {@link EngineError} `engine-out-of-memory`. */
  async openContext(options: ContextOptions): Promise<AddonContext> {
    const context = newContext(this.addon, this.vocabulary, options);
    if (await context.init()) return context;
    throw noRoomForContext(options.contextTokens);
  }

  /**
   * Loads a model. Throws {@link EngineError}: `engine-unavailable` without the add-on, `engine-failed` for a file that
   * cannot be loaded, `engine-out-of-memory` if the context does not fit.
   */
  static async open(options: LoadOptions): Promise<LoadedModel> {
    const {
      modelPath,
      contextTokens,
      batchTokens,
      threads,
      mapsFile,
      kvType = "f16",
      windowTokens,
      onProgress,
    } = options;
    // The native code only reports that it failed.
    await stat(modelPath).catch((cause: Error) => {
      throw cannotLoad(`Cannot read the model file ${modelPath}.`, cause.message, cause);
    });
    const messages = new NativeMessages();
    const addon = await loadLlamaAddon((_, message) => messages.add(message));
    const model = new addon.AddonModel(modelPath, {
      addonExports: addon,
      gpuLayers: 0,
      useMmap: mapsFile,
      useMlock: false,
      checkTensors: false,
      vocabOnly: false,
      hasLoadAbortSignal: false,
      ...(onProgress === undefined ? {} : { onLoadProgress: onProgress }),
    });
    if (!(await model.init())) {
      const reasons = await messages.reasons();
      if (tellsOfMemory(reasons)) throw outOfMemory(`llama.cpp: ${reasons}`);
      throw cannotLoad(`llama.cpp cannot load the model ${modelPath}.`, reasons);
    }
    const contextOptions = { contextTokens, batchTokens, threads, kvType };
    const context = newContext(addon, model, contextOptions);
    if (await context.init()) return new LoadedModel(addon, model, context, { ...contextOptions, windowTokens });
    await model.dispose();
    throw noRoomForContext(contextTokens, await messages.reasons());
  }

  /** Sets the number of threads for the next evaluations. */
  setThreads(threads: number): void {
    this.#context.setThreads(threads);
  }

  async evaluate(position: number, tokens: readonly number[]): Promise<number> {
    return (await this.evaluateEach(position, tokens, tokens.length - 1))[0] ?? 0;
  }

  async evaluateEach(position: number, tokens: readonly number[], from: number): Promise<readonly number[]> {
    this.#context.initBatch(tokens.length);
    const wanted = Uint32Array.from({ length: tokens.length - from }, (_, index) => from + index);
    const logitIndexes = this.#context.addToBatch(SEQUENCE, position, Uint32Array.from(tokens), wanted);
    await this.#context.decodeBatch();
    return [...logitIndexes];
  }

  /**
   * llama.cpp removes tokens from layers with a sliding window even if these have dropped cells that the tokens before
   * need. The next tokens would then be evaluated without them.
   */
  canRemoveFrom(position: number): boolean {
    if (position === 0) return true;
    const first = this.#context.getSequenceKvCacheMinPosition(SEQUENCE);
    return first <= 0 || (this.#windowTokens !== null && first <= position - this.#windowTokens);
  }

  removeFrom(position: number): boolean {
    if (!this.canRemoveFrom(position)) return false;
    return this.#context.removeTokenCellsFromSequence(SEQUENCE, position, TO_THE_END);
  }

  /** Samples a token from the logits at this index. Returns -1 if a grammar allows no token. */
  sample(logitIndex: number, sampler: AddonSampler): Promise<number> {
    return this.#context.sampleToken(logitIndex, sampler);
  }

  /** Returns the tokens that a sampler keeps, with their relative probabilities. */
  async rank(logitIndex: number, sampler: AddonSampler): Promise<{ token: number; probability: number }[]> {
    const [, pairs = []] = await this.#context.sampleToken(logitIndex, sampler, true);
    return Array.from({ length: pairs.length / 2 }, (_, index) => ({
      token: pairs[2 * index] as number,
      probability: pairs[2 * index + 1] as number,
    }));
  }

  async saveTo(file: string, tokens: readonly number[]): Promise<number> {
    return this.#context.saveSequenceStateToFile(file, SEQUENCE, Uint32Array.from(tokens));
  }

  /** Restores the context from a file, and returns its tokens. */
  async loadFrom(file: string): Promise<number[]> {
    return [...(await this.#context.loadSequenceStateFromFile(file, SEQUENCE, this.contextTokens))];
  }

  async close(): Promise<void> {
    await this.#openContext?.dispose();
    await this.vocabulary.dispose();
  }
}

/** Matches llama.cpp's messages for an intact file that this version cannot load. */
const OTHER_FILE_WORDS =
  /unknown (model architecture|pre-tokenizer|tokenizer)|wrong (number|shape) of tensors|has wrong shape|missing tensor|tensor .* not found|key not found|unsupported/i;

function hintFor(reason: string): string {
  return OTHER_FILE_WORDS.test(reason)
    ? "Use another file of this model that was made with a similar version of llama.cpp, or update nanoagent."
    : "Compare the file's size or checksum with its source, and check the free memory.";
}

function cannotLoad(message: string, reason: string, cause?: unknown): EngineError {
  return new EngineError({
    code: "engine-failed",
    message,
    reason: reason || undefined,
    hint: hintFor(reason),
    cause,
  });
}
