import { stat } from "node:fs/promises";
import { NanoAgentError, type ThreadTrial } from "@nanoagent/models";
import { SchemaNotSupportedError } from "../../json-schema/schema-not-supported-error.js";
import { NanoRuntimeError } from "../../nano-runtime-error.js";
import type { CallForm } from "../../tool-calls/call-form.js";
import { argumentsGrammar, choiceGrammar } from "../../tool-calls/call-grammar.js";
import { NO_TOOL } from "../../tool-calls/describe-tools.js";
import type { EndReason, Engine, EngineEvent, EngineRequest, EngineTool, SamplingOptions } from "../engine.js";
import { EngineError } from "../engine-error.js";
import { outOfMemory } from "../host/host-exit.js";
import { ReplyText } from "../reply-text.js";
import { type Calling, type ChatPrompt, learnCallForm, renderChat } from "./chat-template.js";
import { EvaluatedText } from "./evaluated-text.js";
import { ADDON_VERSION } from "./find-llama-addon.js";
import { schemaToGrammar } from "./grammar/schema-to-grammar.js";
import {
  type AddonContext,
  type AddonGrammarState,
  type AddonModel,
  type AddonSampler,
  CONTROL_TOKEN,
  type LlamaAddon,
  loadLlamaAddon,
} from "./llama-addon.js";
import { modelFingerprint, StateFile, type StateOwner } from "./state-file.js";
import { tryThreads } from "./thread-trial.js";
import { REPLACEMENT_CHARACTER, TokenText } from "./token-text.js";

/** How a model file is to be loaded: what a FitPlan decided. Plain data, so that it can go to another process. */
export interface LlamaEngineOptions {
  modelPath: string;
  contextTokens: number;
  batchTokens: number;
  prefillThreads: number;
  decodeThreads: number;
  /** Map the weights from the file, or read them into memory. */
  mapsFile: boolean;
  kvType: "f16" | "q8_0";
  /** The file's own chat template; null where it has none. */
  chatTemplate: string | null;
  /** Whether replies may be held to a schema, for which memory must have been set aside. */
  constrainsOutput: boolean;
  /** Numbers of threads to try before the first request; with fewer than two there is nothing to try. */
  threadsToTry: readonly number[];
  /** Where the state of the KV cache is kept between two lives of the engine; null: nowhere. */
  stateFile: string | null;
}

/** ggml's numbers of the types that a KV cache may have. */
const kvTypeNumbers = { f16: 1, q8_0: 8 } as const;

/** One slice of prefill may take so long: an abort is noticed in between. */
const SLICE_MILLISECONDS = 140;
/** The first slices are small, until the rate is known. */
const FIRST_SLICE_TOKENS = 8;
/** llama.cpp's kernels compute so many tokens together; what is left over costs nearly as much as a whole number of them. */
const KERNEL_TOKENS = 8;
const SEQUENCE = 0;
/** A larger state is not worth the writing: reading the conversation again is hardly slower. */
const MAX_STATE_BYTES = 256 * 2 ** 20;
const TO_THE_END = -1;

/** What small instruction models do best with, by their publishers' advice; a seed makes a reply repeatable. */
const samplingDefaults = { temperature: 0.3, topK: 40, topP: 0.95, minP: 0.05, repeatPenalty: 1.05 };
/** A small model that has lost its thread goes on for as long as it may. */
const DEFAULT_MAX_TOKENS = 512;
/** The repeat penalty looks at so many of the newest tokens. */
const REPEAT_PENALTY_TOKENS = 64;

/** A model that goes on calling after so many calls is waited for no longer. */
const MAX_CALLS_OF_A_REPLY = 8;
/** What a tool is called with is no matter of chance, unless the request says so. */
const CALL_TEMPERATURE = 0;

/** A reply while it is written. */
interface Writing {
  promptText: string;
  tokens: readonly number[];
  stop: readonly string[];
  tools: readonly EngineTool[];
  sampling: SamplingOptions;
  /** Tokens of the reply, at most. */
  limit: number;
  usage: { completion_tokens: number };
  isAborted: () => boolean;
  /** How much of the reply is in the cache, where text and tokens end together. */
  evaluated: { text: string; tokens: number };
}

/**
 * Runs a GGUF model with llama.cpp in this process. A fault of the native code ends the process, so programs use it
 * through {@link HostedEngine}, which keeps it in a process of its own.
 *
 * What was evaluated for one request stays in the KV cache, and the next one pays only for what differs.
 */
export class LlamaEngine implements Engine {
  readonly name = "llama";
  readonly contextTokens: number;
  readonly #addon: LlamaAddon;
  readonly #model: AddonModel;
  readonly #context: AddonContext;
  readonly #options: LlamaEngineOptions;
  readonly #closing = new AbortController();
  #threads: Pick<LlamaEngineOptions, "prefillThreads" | "decodeThreads">;
  /** What was tried as it was opened. */
  threadTrials: readonly Omit<ThreadTrial, "model">[] = [];
  /** The tokens whose KV entries are in the cache, in order. */
  #evaluated: number[] = [];
  /** Their text; a prompt that goes on from it goes on from the tokens. */
  #evaluatedText = new EvaluatedText();
  /** How the model's template writes calls, once that was asked. */
  #callForm: { form: CallForm | null } | null = null;
  /** Where the logits of the newest token are. */
  #logitIndex = 0;
  #prefillTokensPerMillisecond = 0;
  /** Tokens that were evaluated since it was opened. */
  #work = 0;
  /** Where its state is kept, and whose it is. */
  #state: { file: StateFile; owner: StateOwner } | null = null;
  /** The end of the queue of requests: the context answers one at a time. */
  #last: Promise<void> = Promise.resolve();

  private constructor(addon: LlamaAddon, model: AddonModel, context: AddonContext, options: LlamaEngineOptions) {
    this.#addon = addon;
    this.#model = model;
    this.#context = context;
    this.#options = options;
    this.#threads = options;
    this.contextTokens = context.getContextSize();
  }

  /** Loads the model. Throws {@link EngineError}: `engine-unavailable` without the add-on, `engine-failed` otherwise. */
  static async open(options: LlamaEngineOptions, onProgress?: (share: number) => void): Promise<LlamaEngine> {
    // The native code says no more than that it failed.
    await stat(options.modelPath).catch((cause) => {
      throw failed(`The model file ${options.modelPath} cannot be read.`, cause);
    });
    let lastMessage = "";
    const addon = await loadLlamaAddon((_, message) => {
      lastMessage = message.trim();
    });
    const model = new addon.AddonModel(options.modelPath, {
      addonExports: addon,
      gpuLayers: 0,
      useMmap: options.mapsFile,
      useMlock: false,
      checkTensors: false,
      vocabOnly: false,
      hasLoadAbortSignal: false,
      ...(onProgress === undefined ? {} : { onLoadProgress: onProgress }),
    });
    if (!(await model.init())) throw failed(`The model ${options.modelPath} cannot be loaded.`, lastMessage);
    const kvType = kvTypeNumbers[options.kvType];
    const context = new addon.AddonContext(model, {
      contextSize: options.contextTokens,
      batchSize: options.batchTokens,
      sequences: 1,
      flashAttention: true,
      threads: options.prefillThreads,
      embeddings: false,
      ranking: false,
      performanceTracking: false,
      swaFullCache: false,
      kvCacheKeyType: kvType,
      kvCacheValueType: kvType,
    });
    if (!(await context.init())) {
      await model.dispose();
      throw outOfMemory(`a context of ${options.contextTokens} tokens could not be made: ${lastMessage}`);
    }
    const engine = new LlamaEngine(addon, model, context, options);
    if (options.threadsToTry.length > 1) {
      const { threadsToTry, batchTokens } = options;
      engine.threadTrials = await tryThreads(context, threadsToTry, batchTokens, () => onProgress?.(1));
    }
    if (options.stateFile !== null) await engine.#restore(new StateFile(options.stateFile));
    return engine;
  }

  get notices(): readonly string[] {
    return this.#options.constrainsOutput
      ? []
      : ["Replies cannot be held to a schema, and tools not be called: the memory budget has no room for it."];
  }

  /** A call is held to its tool's schema, or is not made. */
  get callsTools(): boolean {
    return this.#options.constrainsOutput;
  }

  /** How many tokens it has evaluated since it was opened. */
  get evaluatedTokens(): number {
    return this.#work;
  }

  /** From the next slice and the next reply on. */
  useThreads(threads: Pick<LlamaEngineOptions, "prefillThreads" | "decodeThreads">): void {
    this.#threads = threads;
  }

  async *generate(
    request: EngineRequest,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<EngineEvent> {
    const before = this.#last;
    let free = () => {};
    this.#last = new Promise((resolve) => {
      free = resolve;
    });
    try {
      await before;
      yield* this.#answer(request, () => signal?.aborted === true || this.#closing.signal.aborted);
    } catch (error) {
      const isOurs = NanoAgentError.isInstance(error);
      // What native code left in the cache when it failed is not known.
      if (!isOurs) this.#forget();
      yield { type: "error", error: isOurs ? error : failed("llama.cpp failed.", error) };
    } finally {
      free();
    }
  }

  async *#answer(given: EngineRequest, isAborted: () => boolean): AsyncGenerator<EngineEvent> {
    if (this.#closing.signal.aborted) throw EngineError.closed(this.name);
    if (isAborted()) {
      yield { type: "end", reason: "abort" };
      return;
    }
    const grammar = this.#readSchema(given.responseSchema);
    // A reply of a certain form is no call, and a call that is held to nothing is none that is to be made.
    const request = this.callsTools && grammar === null ? given : { ...given, tools: [] };
    const { text: promptText, tokens, stop, calling } = this.#readPrompt(request);
    const room = this.contextTokens - tokens.length;
    if (room < 1) throw contextExceeded(tokens.length, this.contextTokens);
    const cached = this.#keepCommonPrefix(tokens);
    const usage = { prompt_tokens: tokens.length, cached_prompt_tokens: cached, completion_tokens: 0 };
    if ((await this.#prefill(tokens, isAborted)) === "aborted") {
      yield { type: "usage", usage };
      yield { type: "end", reason: "abort" };
      return;
    }
    const { sampling = {}, tools = [] } = request;
    const limit = Math.min(sampling.maxTokens ?? DEFAULT_MAX_TOKENS, room);
    const evaluated = { text: "", tokens: tokens.length };
    const writing = { promptText, tokens, stop, tools, sampling, limit, usage, isAborted, evaluated };
    this.#evaluatedText.mark(promptText, tokens.length);
    let reason: EndReason;
    try {
      const write = calling === null ? this.#writeText(writing, { grammar }) : this.#writeReply(writing, calling);
      reason = yield* write;
    } finally {
      this.#evaluatedText.mark(promptText + writing.evaluated.text, writing.evaluated.tokens);
    }
    yield { type: "usage", usage };
    yield { type: "end", reason };
  }

  /** Writes a reply that may be, or have, calls of tools. */
  async *#writeReply(writing: Writing, calling: Calling): AsyncGenerator<EngineEvent, EndReason> {
    if (calling.kind === "own-form") return yield* this.#writeWithCalls(writing, calling.form);
    const { lead } = calling;
    if ((await this.#goTo(writing, lead)) === "aborted") return "abort";
    const names = writing.tools.map(({ name }) => name);
    const name = await this.#choose(
      writing,
      [...names, NO_TOOL].map((name) => ` ${name}`),
    );
    if (name === null) return "abort";
    const tool = writing.tools.find((tool) => ` ${tool.name}` === name);
    if (tool !== undefined) return yield* this.#writeCall(writing, tool, `${lead}${name} `);
    // The reply begins as if nothing had been asked.
    return (await this.#goTo(writing, "")) === "aborted" ? "abort" : yield* this.#writeText(writing, {});
  }

  /** Writes text, and a call wherever the model begins one. */
  async *#writeWithCalls(writing: Writing, form: CallForm): AsyncGenerator<EngineEvent, EndReason> {
    const names = writing.tools.map(({ name }) => name);
    for (let calls = 0; calls < MAX_CALLS_OF_A_REPLY; calls++) {
      const reason = yield* this.#writeText(writing, { callMark: form.mark });
      if (reason !== "call") return calls > 0 && reason !== "abort" ? "tool-calls" : reason;
      const start = writing.evaluated.text + form.before;
      if ((await this.#goTo(writing, start)) === "aborted") return "abort";
      const name = await this.#choose(writing, names);
      const tool = writing.tools.find((tool) => tool.name === name);
      if (tool === undefined) return "abort";
      const end = yield* this.#writeCall(writing, tool, start + tool.name + form.between);
      if (end !== "tool-calls") return end;
      if ((await this.#goTo(writing, writing.evaluated.text + form.after)) === "aborted") return "abort";
    }
    return "tool-calls";
  }

  /** Writes text up to its end, or up to where a call begins: then what is evaluated ends before it. */
  #writeText(writing: Writing, how: { grammar?: string | null }): AsyncGenerator<EngineEvent, EndReason>;
  #writeText(writing: Writing, how: { callMark: string }): AsyncGenerator<EngineEvent, EndReason | "call">;
  async *#writeText(
    writing: Writing,
    { grammar = null, callMark = null }: { grammar?: string | null; callMark?: string | null },
  ): AsyncGenerator<EngineEvent, EndReason | "call"> {
    const { sampling, stop, usage, limit, isAborted, evaluated } = writing;
    const callToken = callMark === null ? null : this.#controlTokenOf(callMark);
    const reply = new ReplyText({
      stop: [...stop, ...(sampling.stop ?? []), ...(callMark === null ? [] : [callMark])],
      separatesReasoning: grammar === null,
      beginsInReasoning: evaluated.text === "" && writing.promptText.trimEnd().endsWith("<think>"),
    });
    let replyText = evaluated.text;
    const text = new TokenText((some) => this.#model.detokenize(some, false));
    const sampler = new TokenSampler(this.#addon, this.#model, this.#context, sampling, grammar);
    let reason: EndReason | "call" = "length";
    try {
      this.#context.setThreads(this.#threads.decodeThreads);
      while (usage.completion_tokens < limit) {
        const token = await sampler.next(this.#logitIndex, this.#evaluated);
        if (token !== null && token === callToken) {
          reason = "call";
          break;
        }
        if (token === null || this.#model.isEogToken(token)) {
          reason = "stop";
          break;
        }
        usage.completion_tokens += 1;
        const more = text.push(token);
        if (grammar !== null) refuseBrokenText(more);
        replyText += more;
        for (const piece of reply.push(more)) yield toEvent(piece);
        if (reply.stopped) {
          reason = reply.stoppedBy === callMark ? "call" : "stop";
          break;
        }
        if (isAborted()) {
          reason = "abort";
          break;
        }
        if (usage.completion_tokens < limit) {
          await this.#evaluate([token]);
          // Half a character, or what may yet be the beginning of a stop text, comes back in other words or not at all.
          if (!text.isUnfinished && !reply.isUndecided) {
            evaluated.text = replyText;
            evaluated.tokens = this.#evaluated.length;
          }
        }
      }
    } finally {
      sampler.close();
    }
    for (const piece of [...reply.push(text.finish()), ...reply.finish()]) yield toEvent(piece);
    if (reason === "call" && callMark !== null && reply.stoppedBy === callMark) {
      evaluated.text = replyText.slice(0, replyText.lastIndexOf(callMark));
    }
    return reason;
  }

  /** Writes a call: so much of the reply as is known by now, and the arguments, held to the tool's schema. */
  async *#writeCall(
    writing: Writing,
    { name, inputSchema }: EngineTool,
    start: string,
  ): AsyncGenerator<EngineEvent, EndReason> {
    const { usage, limit, isAborted, evaluated } = writing;
    // In most vocabularies a space belongs to what follows it.
    const isSpaced = start.endsWith(" ");
    if ((await this.#goTo(writing, isSpaced ? start.slice(0, -1) : start)) === "aborted") return "abort";
    const sampling = { ...writing.sampling, temperature: writing.sampling.temperature ?? CALL_TEMPERATURE };
    const text = new TokenText((some) => this.#model.detokenize(some, false));
    let written = "";
    const grammar = argumentsGrammar(inputSchema, isSpaced);
    const sampler = new TokenSampler(this.#addon, this.#model, this.#context, sampling, grammar);
    try {
      this.#context.setThreads(this.#threads.decodeThreads);
      for (;;) {
        const token = await sampler.next(this.#logitIndex, this.#evaluated);
        if (token === null || this.#model.isEogToken(token)) break;
        usage.completion_tokens += 1;
        if (usage.completion_tokens > limit) throw callCutOff(name, limit);
        written += text.push(token);
        if (isAborted()) return "abort";
        await this.#evaluate([token]);
      }
    } finally {
      sampler.close();
    }
    written += text.finish();
    refuseBrokenText(written);
    evaluated.text += written;
    evaluated.tokens = this.#evaluated.length;
    yield { type: "tool-call", call: { id: callId(), name, arguments: JSON.parse(written) } };
    return "tool-calls";
  }

  /** The likeliest of these texts to come next; null when aborted. What is evaluated then ends somewhere within it. */
  async #choose({ isAborted }: Writing, texts: readonly string[]): Promise<string | null> {
    const grammar = choiceGrammar(texts);
    const sampler = new TokenSampler(this.#addon, this.#model, this.#context, { temperature: 0 }, grammar);
    const text = new TokenText((some) => this.#model.detokenize(some, false));
    let chosen = "";
    try {
      this.#context.setThreads(this.#threads.decodeThreads);
      for (;;) {
        const left = texts.filter((some) => some.startsWith(chosen));
        if (left.length === 1) return left[0] ?? null;
        const token = await sampler.next(this.#logitIndex, this.#evaluated);
        if (isAborted()) return null;
        if (token === null || this.#model.isEogToken(token)) {
          if (texts.includes(chosen)) return chosen;
          throw new Error("nothing could be chosen");
        }
        chosen += text.push(token);
        await this.#evaluate([token]);
      }
    } finally {
      sampler.close();
    }
  }

  /** Evaluates so that what is in the cache is the prompt and this beginning of a reply, and nothing else. */
  async #goTo(writing: Writing, replyText: string): Promise<"done" | "aborted"> {
    const { tokens, usage, evaluated, isAborted } = writing;
    const wanted = replyText === "" ? tokens : [...tokens, ...this.#model.tokenize(replyText, true)];
    if (wanted.length >= this.contextTokens) throw contextExceeded(wanted.length, this.contextTokens);
    this.#keepCommonPrefix(wanted);
    if ((await this.#prefill(wanted, isAborted)) === "aborted") return "aborted";
    evaluated.text = replyText;
    evaluated.tokens = wanted.length;
    usage.completion_tokens = wanted.length - tokens.length;
    return "done";
  }

  /** The token that a text is, where it is one that steers and has no text of its own. */
  #controlTokenOf(text: string): number | null {
    const [token, ...others] = this.#model.tokenize(text, true);
    if (token === undefined || others.length > 0) return null;
    return (this.#model.getTokenAttributes(token) & CONTROL_TOKEN) === 0 ? null : token;
  }

  #readSchema(schema: object | undefined): string | null {
    if (schema === undefined) return null;
    if (this.#options.constrainsOutput) return schemaToGrammar(schema);
    throw new SchemaNotSupportedError({
      path: "",
      keyword: null,
      message: "Holding a reply to a schema takes memory that the agent's budget has no room for.",
      hint: "Load the model with a smaller context; or raise spec.max_memory_mb, if the device has memory to spare.",
    });
  }

  /** The request as tokens, with the template's own control tokens and nobody else's. */
  #readPrompt(request: EngineRequest): ChatPrompt & { tokens: number[] } {
    const bos = this.#model.tokenBos();
    const eos = this.#model.tokenEos();
    const model = {
      chatTemplate: this.#options.chatTemplate,
      bosToken: bos >= 0 ? this.#model.getTokenString(bos) : "",
      eosToken: eos >= 0 ? this.#model.getTokenString(eos) : "",
      isControlToken: (text: string) => this.#controlTokensIn(text).length === 1,
    };
    const { tools = [], messages } = request;
    if (tools.length > 0 || messages.some(({ tool_calls = [] }) => tool_calls.length > 0)) {
      this.#callForm ??= { form: learnCallForm(model) };
    }
    const prompt = renderChat(
      { ...model, callForm: this.#callForm?.form },
      {
        ...request,
        instructions: request.instructions === null ? null : this.#withoutControlTokens(request.instructions),
        messages: messages.map((message) => this.#safe(message)),
        tools: tools.map((tool) => this.#safe(tool)),
      },
    );
    return { ...prompt, tokens: this.#tokenizePrompt(prompt.text, bos) };
  }

  /** The same without anything in its texts that steers the model. */
  #safe<Data extends object>(data: Data): Data {
    const text = JSON.stringify(data);
    const safe = this.#withoutControlTokens(text);
    return safe === text ? data : JSON.parse(safe);
  }

  /** Where the conversation goes on from what is in the cache, the tokens that are there stay as they are. */
  #tokenizePrompt(text: string, bos: number): number[] {
    const mark = this.#evaluatedText.lastMarkIn(text);
    this.#evaluatedText.cut(mark.tokens);
    if (mark.tokens > 0) {
      return [...this.#evaluated.slice(0, mark.tokens), ...this.#model.tokenize(text.slice(mark.characters), true)];
    }
    const tokens = [...this.#model.tokenize(text, true)];
    // A template may have written the first token itself.
    if (this.#model.shouldPrependBosToken() && tokens[0] !== bos) tokens.unshift(bos);
    return tokens;
  }

  #controlTokensIn(text: string): string[] {
    const isControl = (token: number) => (this.#model.getTokenAttributes(token) & CONTROL_TOKEN) !== 0;
    return [...new Set(this.#model.tokenize(text, true))]
      .filter(isControl)
      .map((token) => this.#model.getTokenString(token));
  }

  /** What a message says cannot end it or speak as somebody else: an invisible space takes control tokens apart. */
  #withoutControlTokens(text: string): string {
    let safe = text;
    for (const token of this.#controlTokensIn(text))
      safe = safe.replaceAll(token, `${token[0]}\u200b${token.slice(1)}`);
    return safe;
  }

  /** Keeps what the cache and the prompt have in common; returns how many tokens that is. */
  #keepCommonPrefix(tokens: readonly number[]): number {
    // The last one is always evaluated: its logits are what the reply begins from.
    const longest = Math.min(this.#evaluated.length, tokens.length - 1);
    let common = 0;
    while (common < longest && this.#evaluated[common] === tokens[common]) common += 1;
    if (common < this.#evaluated.length) {
      const removed = this.#context.removeTokenCellsFromSequence(SEQUENCE, common, TO_THE_END);
      // A recurrent model cannot forget a part: it begins anew.
      if (!removed) {
        this.#context.removeTokenCellsFromSequence(SEQUENCE, 0, TO_THE_END);
        common = 0;
      }
      this.#evaluated.length = common;
      this.#evaluatedText.cut(common);
    }
    return common;
  }

  #forget(): void {
    this.#evaluated = [];
    this.#evaluatedText = new EvaluatedText();
    this.#context.removeTokenCellsFromSequence(SEQUENCE, 0, TO_THE_END);
  }

  async #prefill(tokens: readonly number[], isAborted: () => boolean): Promise<"done" | "aborted"> {
    this.#context.setThreads(this.#threads.prefillThreads);
    while (this.#evaluated.length < tokens.length) {
      if (isAborted()) return "aborted";
      const start = this.#evaluated.length;
      const slice = tokens.slice(start, start + this.#sliceTokens());
      const began = performance.now();
      await this.#evaluate(slice);
      this.#prefillTokensPerMillisecond = slice.length / Math.max(performance.now() - began, 0.001);
    }
    return "done";
  }

  #sliceTokens(): number {
    const affordable = Math.floor(this.#prefillTokensPerMillisecond * SLICE_MILLISECONDS) || FIRST_SLICE_TOKENS;
    const whole = affordable < KERNEL_TOKENS ? affordable : affordable - (affordable % KERNEL_TOKENS);
    return Math.min(this.#options.batchTokens, whole);
  }

  async #evaluate(tokens: readonly number[]): Promise<void> {
    this.#context.initBatch(tokens.length);
    const wanted = Uint32Array.of(tokens.length - 1);
    const [index = 0] = this.#context.addToBatch(SEQUENCE, this.#evaluated.length, Uint32Array.from(tokens), wanted);
    await this.#context.decodeBatch();
    this.#logitIndex = index;
    this.#work += tokens.length;
    for (const token of tokens) this.#evaluated.push(token);
  }

  countTokens(text: string): number {
    if (text === "") return 0;
    return Math.max(1, this.#model.tokenize(text, false).length);
  }

  /** Takes up what an earlier life of this model, loaded in the same way, had evaluated. */
  async #restore(file: StateFile): Promise<void> {
    const owner: StateOwner = {
      model: await modelFingerprint(this.#options.modelPath),
      engine_version: ADDON_VERSION,
      context_tokens: this.contextTokens,
      kv_type: this.#options.kvType,
    };
    this.#state = { file, owner };
    const saved = await file.find(owner);
    if (saved === null) return;
    try {
      const tokens = await this.#context.loadSequenceStateFromFile(saved.file, SEQUENCE, this.contextTokens);
      this.#evaluated = [...tokens];
      this.#evaluatedText = new EvaluatedText(saved.text, saved.marks);
    } catch {
      // A state that cannot be taken up costs no more than reading the conversation again.
      this.#context.removeTokenCellsFromSequence(SEQUENCE, 0, TO_THE_END);
      await file.remove();
    }
  }

  /** Writes down what is evaluated; the bytes, or null where it was not told where or there is nothing. */
  async saveState(): Promise<number | null> {
    const state = this.#state;
    if (state === null) return null;
    const before = this.#last;
    const saving = before.then(async () => {
      if (this.#evaluated.length === 0) return null;
      const content = {
        owner: state.owner,
        tokens: this.#evaluated.length,
        text: this.#evaluatedText.text,
        marks: this.#evaluatedText.marks,
        maxBytes: MAX_STATE_BYTES,
      };
      return state.file.save(content, (file) =>
        this.#context.saveSequenceStateToFile(file, SEQUENCE, Uint32Array.from(this.#evaluated)),
      );
    });
    this.#last = saving.then(
      () => {},
      () => {},
    );
    return saving;
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    // A full disk must not keep the engine from ending.
    await this.saveState().catch(() => null);
    // Native memory must not go while a batch is being computed on it.
    await this.#last;
    await this.#context.dispose();
    await this.#model.dispose();
  }
}

/**
 * Chooses tokens. With a grammar it first chooses freely and looks whether the grammar allows it, which a model that
 * was asked for JSON mostly gets right: the costly choice among all that is allowed is made only when it does not.
 */
class TokenSampler {
  readonly #addon: LlamaAddon;
  readonly #context: AddonContext;
  readonly #free: AddonSampler;
  readonly #constrained: AddonSampler | null = null;
  readonly #grammarState: AddonGrammarState | null = null;
  readonly #choice: { temperature: number; topK: number; topP: number; minP: number; seed: number };
  readonly #repeatPenalty: number;

  constructor(
    addon: LlamaAddon,
    model: AddonModel,
    context: AddonContext,
    sampling: SamplingOptions,
    grammar: string | null,
  ) {
    this.#addon = addon;
    this.#context = context;
    this.#choice = {
      temperature: sampling.temperature ?? samplingDefaults.temperature,
      topK: sampling.topK ?? samplingDefaults.topK,
      topP: sampling.topP ?? samplingDefaults.topP,
      minP: sampling.minP ?? samplingDefaults.minP,
      seed: sampling.seed ?? Math.floor(Math.random() * 2 ** 32),
    };
    this.#repeatPenalty = sampling.repeatPenalty ?? samplingDefaults.repeatPenalty;
    this.#free = new addon.AddonSampler(model);
    this.#free.applyConfig(this.#choice);
    if (grammar !== null) {
      const compiled = new addon.AddonGrammar(grammar, { addonExports: addon, rootRuleName: "root" });
      this.#grammarState = new addon.AddonGrammarEvaluationState(model, compiled);
      this.#constrained = new addon.AddonSampler(model);
    }
  }

  /** The next token, or null when there is nothing that may come next. */
  async next(logitIndex: number, evaluated: readonly number[]): Promise<number | null> {
    // Under a grammar a penalty would push the model away from the quotes and braces that it must repeat.
    if (this.#grammarState === null && this.#repeatPenalty !== 1) this.#penalize(evaluated);
    const token = await this.#context.sampleToken(logitIndex, this.#free);
    if (this.#grammarState === null || this.#constrained === null) return token;
    const { AddonSampler: grammar } = this.#addon;
    if (token >= 0 && grammar.canBeNextTokenForGrammarEvaluationState(this.#grammarState, token)) {
      grammar.acceptGrammarEvaluationStateToken(this.#grammarState, token);
      return token;
    }
    // This one accepts by itself what it chooses.
    this.#constrained.applyConfig({ ...this.#choice, grammarEvaluationState: this.#grammarState });
    const allowed = await this.#context.sampleToken(logitIndex, this.#constrained);
    return allowed < 0 ? null : allowed;
  }

  #penalize(evaluated: readonly number[]): void {
    this.#free.applyConfig({
      ...this.#choice,
      repeatPenalty: this.#repeatPenalty,
      repeatPenaltyMaxTokens: REPEAT_PENALTY_TOKENS,
      repeatPenaltyTokens: Uint32Array.from(evaluated.slice(-REPEAT_PENALTY_TOKENS)),
    });
  }

  close(): void {
    this.#free.dispose();
    this.#constrained?.dispose();
  }
}

function toEvent({ type, text }: { type: "text" | "reasoning"; text: string }): EngineEvent {
  return type === "text" ? { type: "text-delta", text } : { type: "reasoning-delta", text };
}

/**
 * A grammar counts characters by their first bytes, so it lets pass what is no character, such as one in more bytes than it
 * takes; in the text that is several, and the schema's bounds may not hold for them.
 */
function refuseBrokenText(text: string): void {
  if (!text.includes(REPLACEMENT_CHARACTER)) return;
  throw new EngineError({
    code: "engine-failed",
    message: "The model wrote bytes that are not text.",
    hint: "Ask again, or lower sampling.temperature.",
  });
}

function failed(message: string, cause: unknown): EngineError {
  return new EngineError({
    code: "engine-failed",
    message,
    reason: cause instanceof Error ? cause.message : String(cause ?? "") || undefined,
    hint: "Is the file whole, and is there memory enough?",
    cause,
  });
}

function contextExceeded(tokens: number, contextTokens: number): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "context-exceeded",
    message: `The conversation has ${tokens} tokens, and the context ${contextTokens}.`,
    hint: "Send a shorter message, or load the model with a larger context.",
  });
}

function callCutOff(name: string, tokens: number): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "call-not-valid",
    message: `The call of the tool "${name}" was cut off after ${tokens} tokens.`,
    hint: "Allow a longer reply (sampling.maxTokens), or load the model with a larger context.",
  });
}

/** Nine letters and digits, which all templates take. */
function callId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => (byte % 36).toString(36)).join("");
}
