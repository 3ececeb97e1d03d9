import { setImmediate as nextTurn } from "node:timers/promises";
import type { DecidedCall } from "../../choosing/decide.js";
import { SchemaNotSupportedError } from "../../json-schema/schema-not-supported-error.js";
import { callFormFact } from "../../tool-calls/own-call-form.js";
import { checkEmbeddedTexts, unlessAborted } from "../embeddings.js";
import type { EndReason, Engine, EngineEvent, EngineRequest, EngineTool } from "../engine.js";
import { asEngineError, EngineError } from "../engine-error.js";
import type { CallFormFact } from "../engine-facts.js";
import { EventQueue } from "../event-queue.js";
import type { ThinkingSetting } from "../thinking-setting.js";
import { BatchThreads, type EngineThreads } from "./batch-threads.js";
import { contextExceeded } from "./context-exceeded.js";
import { Drafts } from "./drafts.js";
import { emitUnwritten } from "./emit-unwritten.js";
import { EngineState } from "./engine-state.js";
import { KeptStates, type KeptStatesOptions } from "./kept-states.js";
import { loadLlamaAddon } from "./llama-addon.js";
import { LoadedModel } from "./loaded-model.js";
import { PromptCache } from "./prompt-cache.js";
import { PromptReader } from "./prompt-reader.js";
import { ReplyDraft } from "./reply-draft.js";
import { removeLeftStates } from "./states-folder.js";
import { textPieces } from "./text-pieces.js";
import { ThreadedModel } from "./threaded-model.js";
import type { ToolChooser } from "./tool-chooser.js";
import { asTextRequest, decidedReply, toldReply, unwrittenCall } from "./write-decision.js";
import { writeDecidedCall, writeReply } from "./write-reply.js";

/** Options for loading a model file, as decided by a FitPlan. Plain data, so that another process can receive it. */
export interface LlamaEngineOptions extends EngineThreads {
  modelPath: string;
  contextTokens: number;
  batchTokens: number;
  /** Whether to map the weights from the file instead of reading them into memory. */
  mapsFile: boolean;
  kvType: "f16" | "q8_0";
  /** Longest sliding window of a layer, in tokens. Default: null, which means none or unknown. */
  windowTokens?: number | null | undefined;
  /** Chat template of the file, or null. */
  chatTemplate: string | null;
  /** Separate template of the file for conversations with tools. Default: null. */
  toolTemplate?: string | null | undefined;
  /** Same as `engine.thinking`. Default: `auto`. */
  thinking?: ThinkingSetting | undefined;
  /** Whether replies can be constrained to a schema, which needs reserved memory. */
  constrainsOutput: boolean;
  /** Size of the context that scores tools, in tokens. 0: the model chooses its tools itself. Default: 0. */
  choosingTokens?: number | undefined;
  /** Whether a tool's result is repeated as is instead of asking the model to phrase it. Default: false. */
  tellsResults?: boolean | undefined;
  /** Most tokens to draft after the next one; 0 disables drafts. Default: as many as pay off. */
  draftTokens?: number | undefined;
  /** File that keeps the state of the KV cache between runs, or null. */
  stateFile: string | null;
  /** Where beginnings and conversations are kept while the engine is open. Default: null, which keeps none. */
  keptStates?: KeptStatesOptions | null | undefined;
}

/** After counting the tokens of this many characters, the process may do other work, such as sending signs of life. */
const COUNTED_AT_ONCE_CHARACTERS = 65_536;

/** Consumer of a reply: receives its events and can abort it. */
interface Listener {
  emit: (event: EngineEvent) => void;
  isAborted: () => boolean;
}

/**
 * Runs a GGUF model with llama.cpp in this process. A native crash ends the process, so programs use it through
 * {@link HostedEngine}, which runs it in a separate process.
 *
 * The tokens of a request stay in the KV cache, and the next request only evaluates those that differ.
 */
export class LlamaEngine implements Engine {
  readonly name = "llama";
  readonly #options: LlamaEngineOptions;
  readonly #loaded: LoadedModel;
  readonly #cache: PromptCache;
  readonly #kept: KeptStates;
  readonly #drafts: Drafts;
  readonly #prompts: PromptReader;
  readonly #state: EngineState | null;
  /** Created by the first request with tools. */
  #chooser: ToolChooser | null = null;
  #isStateConfirmed = false;
  /** Tokens evaluated for embeddings. */
  #embeddedTokens = 0;
  readonly #closing = new AbortController();
  /** Threads for each context: the conversation, the choice of tools, and embeddings. */
  readonly #threads: Record<"conversation" | "choosing" | "embedding", BatchThreads>;
  /** End of the request queue. The context serves one request at a time. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    options: LlamaEngineOptions,
    loaded: LoadedModel,
    cache: PromptCache,
    { state, threads }: { state: EngineState | null; threads: BatchThreads },
  ) {
    this.#options = options;
    this.#loaded = loaded;
    this.#cache = cache;
    this.#kept = new KeptStates(cache, loaded, options.keptStates ?? null);
    this.#drafts = new Drafts(cache, options);
    this.#state = state;
    this.#threads = {
      conversation: threads,
      choosing: new BatchThreads(options),
      embedding: new BatchThreads(options),
    };
    const { chatTemplate, toolTemplate, thinking } = options;
    this.#prompts = new PromptReader(loaded.vocabulary, { chatTemplate, toolTemplate, thinking });
  }

  /** Preloads the library for a model that is opened soon. Never rejects: {@link open} reports errors. */
  static async loadLibrary(): Promise<void> {
    await loadLlamaAddon().catch(() => {});
  }

  /** Loads the model. Throws {@link EngineError}. */
  static async open(options: LlamaEngineOptions, onProgress?: (share: number) => void): Promise<LlamaEngine> {
    const { modelPath, batchTokens, kvType, stateFile, keptStates } = options;
    if (keptStates) await removeLeftStates(keptStates.caches);
    const threads = new BatchThreads(options);
    const loaded = await LoadedModel.open({ ...options, threads: 1, onProgress });
    const cache = new PromptCache(new ThreadedModel(loaded, threads), { batchTokens });
    const { contextTokens } = loaded;
    const state = stateFile === null ? null : await EngineState.open(stateFile, { modelPath, contextTokens, kvType });
    await state?.restore(loaded, cache);
    return new LlamaEngine(options, loaded, cache, { state, threads });
  }

  get contextTokens(): number {
    return this.#loaded.contextTokens;
  }

  get notices(): readonly string[] {
    const withoutSchemas = "Reply schemas and tool calls are unavailable: the memory budget is too small for them.";
    return [...(this.#options.constrainsOutput ? [] : [withoutSchemas]), ...this.#prompts.notices];
  }

  get callsTools(): boolean {
    // Calls are only made if they can be constrained to the tool's schema.
    return this.#options.constrainsOutput;
  }

  /** Whether {@link callForm} takes a while to determine. */
  get learnsCallForm(): boolean {
    return this.#prompts.learnsCallForm;
  }

  get callForm(): CallFormFact {
    return callFormFact(this.#prompts.callForm);
  }

  /** Tokens evaluated since the engine was opened. */
  get evaluatedTokens(): number {
    return this.#cache.work + (this.#chooser?.work ?? 0) + this.#embeddedTokens;
  }

  async *generate(
    request: EngineRequest,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<EngineEvent> {
    // This is the only generator of the engine. Inside it, events are pushed as they occur.
    const events = new EventQueue<EngineEvent>();
    let isLeft = false;
    const listener = {
      emit: (event: EngineEvent) => events.push(event),
      isAborted: () => isLeft || signal?.aborted === true || this.#closing.signal.aborted,
    };
    void this.#inTurn(() => this.#answer(request, listener));
    try {
      for (;;) {
        const event = await events.next();
        yield event;
        if (event.type === "end" || event.type === "error") return;
      }
    } finally {
      isLeft = true;
    }
  }

  /** Answers a request. Emits exactly one `end` or `error`, as the last event. */
  async #answer(request: EngineRequest, listener: Listener): Promise<void> {
    try {
      const reason = await this.#reply(request, listener);
      if (!this.#isStateConfirmed) await this.#state?.confirm();
      this.#isStateConfirmed = true;
      listener.emit({ type: "end", reason });
    } catch (cause) {
      const error = asEngineError(cause, {
        message: "llama.cpp failed.",
        hint: "Try again. If this repeats, check the free memory.",
      });
      listener.emit({ type: "error", error });
      // After a native failure, the contents of the cache are unknown.
      if (error !== cause) this.#cache.forget();
    }
  }

  async #reply(given: EngineRequest, { emit, isAborted }: Listener): Promise<EndReason> {
    if (this.#closing.signal.aborted) throw EngineError.closed(this.name);
    if (isAborted()) return "abort";
    await this.#loaded.ensureContext();
    // Without schema constraints, the engine makes no calls.
    let request = this.callsTools ? given : { ...given, tools: [] };
    const isForced = request.toolChoice === "forced" && (request.tools ?? []).length > 0;
    // A reply that must be a call has no text that could follow a schema.
    if (isForced) request = { ...request, responseSchema: undefined };
    const grammar = await this.#readSchema(request.responseSchema);
    let decided: DecidedCall | null = null;
    let deciding_tokens: number | undefined;
    // Evidence is about messages. A call that must follow a result is left to the model.
    const isChosen = (request.tools ?? []).length > 0 && !(isForced && request.messages.at(-1)?.role !== "user");
    const chooser = isChosen ? await this.#openChooser() : null;
    if (chooser !== null) {
      const counting = { engine: this, prompts: this.#prompts, emit };
      if (request.messages.at(-1)?.role === "user") {
        const before = this.evaluatedTokens;
        const decision = await chooser.decide(request, isAborted);
        if (decision === null) return "abort";
        deciding_tokens = this.evaluatedTokens - before;
        // A reply with a schema cannot be a question to the user.
        const isAllowed = decision.kind !== "ask" || grammar === null;
        const known = isAllowed ? decidedReply(decision, { isForced }) : null;
        if (known !== null) return emitUnwritten(known, { ...counting, request, deciding_tokens });
        decided = unwrittenCall(decision, { isForced });
        if (decided === null && request.toolChoice === "required") {
          return emitUnwritten({ events: [], reason: "stop" }, { ...counting, request, deciding_tokens });
        }
      }
      if (request.messages.at(-1)?.role === "tool" && this.#options.tellsResults && grammar === null) {
        return emitUnwritten(toldReply(request), { ...counting, request });
      }
      request = decided === null ? asTextRequest(request) : { ...request, tools: [decided.tool] };
    }
    const written = this.#prompts.write(request);
    await this.#kept.select(written.text, this.#prompts.tokenize);
    if (isAborted()) return "abort";
    const prompt = this.#prompts.read(written, this.#cache);
    const prompt_tokens = prompt.tokens.length;
    const room = this.contextTokens - prompt_tokens;
    if (room < 1) throw contextExceeded(prompt_tokens, this.contextTokens);
    const usage = { prompt_tokens, cached_prompt_tokens: this.#kept.keepCommonPrefix(prompt.tokens) };
    const { sampling = {}, tools = [], toolChoice } = request;
    const limit = Math.min(sampling.maxTokens ?? room, room);
    const task = { prompt, grammar, tools, toolChoice, sampling, limit, emit, isAborted };
    const parts = { loaded: this.#loaded, cache: this.#cache, drafts: this.#drafts };
    const draft = new ReplyDraft(task, parts);
    const began = performance.now();
    const prefilled = await this.#kept.prefill(prompt.tokens, isAborted, (read_tokens) =>
      emit({ type: "prompt-progress", read_tokens, prompt_tokens }),
    );
    const read = performance.now();
    const reason =
      prefilled === "aborted"
        ? "abort"
        : await (decided === null ? writeReply(draft) : writeDecidedCall(draft, decided));
    const { completionTokens: completion_tokens, reasoningTokens: reasoning_tokens } = draft;
    const seconds = { prompt_seconds: (read - began) / 1000, completion_seconds: (performance.now() - read) / 1000 };
    emit({ type: "usage", usage: { ...usage, completion_tokens, reasoning_tokens, deciding_tokens, ...seconds } });
    return reason;
  }

  /** Scores of all tools and of "no tool" for a message, used to fit the weights. @internal */
  async gatherEvidence(tools: readonly EngineTool[], message: string): Promise<number[] | null> {
    return (await (await this.#openChooser())?.listEvidence(tools, message)) ?? null;
  }

  /** Returns the tool chooser, or null for a model that chooses its tools itself. */
  async #openChooser(): Promise<ToolChooser | null> {
    const { choosingTokens = 0 } = this.#options;
    if (choosingTokens === 0) return null;
    const { ToolChooser } = await import("./tool-chooser.js");
    const threads = this.#threads.choosing;
    this.#chooser ??= new ToolChooser(this.#loaded, { contextTokens: choosingTokens, threads });
    return this.#chooser;
  }

  async #readSchema(schema: object | undefined): Promise<string | null> {
    if (schema === undefined) return null;
    if (this.#options.constrainsOutput) {
      const { schemaToGrammar } = await import("./grammar/schema-to-grammar.js");
      return schemaToGrammar(schema);
    }
    throw new SchemaNotSupportedError({
      path: "",
      keyword: null,
      message: "The agent's memory budget is too small to enforce a reply schema.",
      hint: "Load the model with a smaller context, or raise spec.max_memory_mb if the device has memory to spare.",
    });
  }

  countTokens(text: string): number {
    if (text === "") return 0;
    let tokens = 0;
    for (const piece of textPieces(text)) tokens += this.#loaded.vocabulary.tokenize(piece, false).length;
    return Math.max(1, tokens);
  }

  async countTokensOfAll(texts: readonly string[]): Promise<number[]> {
    const tokens: number[] = [];
    let characters = 0;
    for (const text of texts) {
      tokens.push(this.countTokens(text));
      characters += text.length;
      if (characters < COUNTED_AT_ONCE_CHARACTERS) continue;
      characters = 0;
      await nextTurn();
    }
    return tokens;
  }

  /**
   * Embeds texts. The temporary context takes the place of the conversation's, which the next request evaluates again.
   */
  async embed(texts: readonly string[], { signal }: { signal?: AbortSignal | undefined } = {}): Promise<number[][]> {
    checkEmbeddedTexts(texts);
    const isAborted = () => signal?.aborted === true || this.#closing.signal.aborted;
    const embedded = this.#inTurn(async () => {
      if (this.#closing.signal.aborted) throw EngineError.closed(this.name);
      if (isAborted() || texts.length === 0) return [];
      if (this.#loaded.hasContext) {
        this.#cache.forget();
        await this.#loaded.releaseContext();
      }
      const { batchTokens, kvType } = this.#options;
      const onWork = (tokens: number) => {
        this.#embeddedTokens += tokens;
      };
      const options = { batchTokens, kvType, threads: this.#threads.embedding, isAborted, onWork };
      const { embedTexts } = await import("./embed-texts.js");
      const vectors = await embedTexts(this.#loaded, texts, options);
      if (vectors === null) throw EngineError.closed(this.name);
      return vectors;
    });
    return unlessAborted(embedded, signal);
  }

  /** Changes the length of the context. The next request evaluates the conversation again. Throws on failure. */
  resize(contextTokens: number): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#closing.signal.aborted) throw EngineError.closed(this.name);
      if (this.#loaded.hasContext) this.#cache.forget();
      await this.#loaded.resizeContext(contextTokens);
    });
  }

  /** Saves the evaluated conversation. Returns the number of bytes, or null without a file or content. */
  async saveState(): Promise<number | null> {
    return this.#closing.signal.aborted ? null : this.#save();
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    // A full disk must not keep the engine from closing.
    await this.#save().catch(() => null);
    // Native memory must not be freed during a batch.
    await this.#last;
    await this.#kept.close();
    await this.#chooser?.close();
    await this.#loaded.close();
  }

  async #save(): Promise<number | null> {
    const state = this.#state;
    return state === null || !this.#loaded.hasContext
      ? null
      : this.#inTurn(() => state.save(this.#loaded, this.#cache));
  }

  /** Runs a task after all earlier ones have ended. */
  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(() => {
      for (const threads of Object.values(this.#threads)) threads.begin();
      return task();
    });
    this.#last = result.catch(() => {});
    return result;
  }
}
