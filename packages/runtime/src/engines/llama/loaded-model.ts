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

/** What llama.cpp needs to know to load a model. */
export interface LoadOptions {
  modelPath: string;
  contextTokens: number;
  batchTokens: number;
  threads: number;
  /** Maps the weights from the file, or else reads them into memory. */
  mapsFile: boolean;
  /** Default: `f16`. */
  kvType?: "f16" | "q8_0" | undefined;
  onProgress?: ((share: number) => void) | undefined;
}

/** ggml's numbers of the types that a KV cache may have. */
const kvTypeNumbers = { f16: 1, q8_0: 8 } as const;

/** The one sequence that a context holds. */
const SEQUENCE = 0;
const TO_THE_END = -1;

/** How a context is made. */
interface ContextOptions {
  contextTokens: number;
  batchTokens: number;
  threads: number;
  kvType: "f16" | "q8_0";
  /** Whether it gives a vector for each token. Default: false. */
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
  return outOfMemory(`A context of ${tokens} tokens could not be made. ${reasons}`.trim());
}

/** A model that llama.cpp has loaded, with one context that holds one sequence of tokens. */
export class LoadedModel implements TokenEvaluator {
  readonly addon: LlamaAddon;
  /** Vocabulary of the model. */
  readonly vocabulary: AddonModel;
  contextTokens: number;
  #marks: ReasoningTokens | null = null;
  #options: ContextOptions;
  #openContext: AddonContext | null;

  private constructor(addon: LlamaAddon, model: AddonModel, context: AddonContext, options: ContextOptions) {
    this.addon = addon;
    this.vocabulary = model;
    this.#openContext = context;
    this.#options = options;
    this.contextTokens = context.getContextSize();
  }

  /** Control tokens of the vocabulary with which thoughts are marked. A model that is only measured may have no tokenizer. */
  get marks(): ReasoningTokens {
    this.#marks ??= new ReasoningTokens(this.vocabulary);
    return this.#marks;
  }

  get #context(): AddonContext {
    if (this.#openContext === null) throw new Error("the context was given up");
    return this.#openContext;
  }

  /** Whether it has its context. */
  get hasContext(): boolean {
    return this.#openContext !== null;
  }

  /** Gives the memory of the context back. What it holds is lost. */
  async releaseContext(): Promise<void> {
    const context = this.#openContext;
    this.#openContext = null;
    await context?.dispose();
  }

  /** Makes the context again where it was given up. Throws {@link EngineError} `engine-out-of-memory`. */
  async ensureContext(): Promise<void> {
    this.#openContext ??= await this.openContext(this.#options);
  }

  /** Makes the context anew with so many tokens, and empty. Where that fails it has as many as before, and this throws. */
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

  /** Opens a further context. Throws {@link EngineError} `engine-out-of-memory`. */
  async openContext(options: ContextOptions): Promise<AddonContext> {
    const context = newContext(this.addon, this.vocabulary, options);
    if (await context.init()) return context;
    throw noRoomForContext(options.contextTokens);
  }

  /**
   * Loads a model. Throws {@link EngineError}: `engine-unavailable` without the add-on, `engine-failed` for a file that
   * cannot be loaded, `engine-out-of-memory` for a context that has no room.
   */
  static async open(options: LoadOptions): Promise<LoadedModel> {
    const { modelPath, contextTokens, batchTokens, threads, mapsFile, kvType = "f16", onProgress } = options;
    // The native code says no more than that it failed.
    await stat(modelPath).catch((cause: Error) => {
      throw cannotLoad(`The model file ${modelPath} cannot be read.`, cause.message, cause);
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
    if (await context.init()) return new LoadedModel(addon, model, context, contextOptions);
    await model.dispose();
    throw noRoomForContext(contextTokens, await messages.reasons());
  }

  /** Sets the number of threads for what is evaluated from now on. */
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

  removeFrom(position: number): boolean {
    return this.#context.removeTokenCellsFromSequence(SEQUENCE, position, TO_THE_END);
  }

  /** Chooses a token by the logits at this index; -1 when a grammar leaves nothing to choose. */
  sample(logitIndex: number, sampler: AddonSampler): Promise<number> {
    return this.#context.sampleToken(logitIndex, sampler);
  }

  /** Returns the tokens that a sampler keeps, each with its probability among them. */
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

  /** Fills the context from a file, and returns the tokens that are in it then. */
  async loadFrom(file: string): Promise<number[]> {
    return [...(await this.#context.loadSequenceStateFromFile(file, SEQUENCE, this.contextTokens))];
  }

  async close(): Promise<void> {
    await this.#openContext?.dispose();
    await this.vocabulary.dispose();
  }
}

/** Words of llama.cpp for a file that is whole and that this version cannot load, and what helps then. */
const OTHER_FILE_WORDS =
  /unknown (model architecture|pre-tokenizer|tokenizer)|wrong (number|shape) of tensors|has wrong shape|missing tensor|tensor .* not found|key not found|unsupported/i;

function hintFor(reason: string): string {
  return OTHER_FILE_WORDS.test(reason)
    ? "Take another file of this model, made by a llama.cpp of about this version; or update nanoagent."
    : "Compare the file's size or checksum with those of its source, and check that there is enough memory.";
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
