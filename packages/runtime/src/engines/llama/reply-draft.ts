import type { EngineEvent, EngineRequest, EngineTool, SamplingOptions } from "../engine.js";
import { contextExceeded } from "./context-exceeded.js";
import type { LoadedModel } from "./loaded-model.js";
import type { PromptCache } from "./prompt-cache.js";
import type { Prompt } from "./prompt-reader.js";
import { type SamplerParts, TokenSampler } from "./token-sampler.js";
import { TokenText } from "./token-text.js";

/** A reply to write. Its prompt is in the cache. */
export interface ReplyTask {
  readonly prompt: Prompt;
  /** Grammar for the whole reply, or null for free text. */
  readonly grammar: string | null;
  readonly tools: readonly EngineTool[];
  readonly toolChoice: EngineRequest["toolChoice"];
  readonly sampling: SamplingOptions;
  /** Most tokens of the reply. */
  readonly limit: number;
  readonly emit: (event: EngineEvent) => void;
  readonly isAborted: () => boolean;
}

/** A reply that is being written. */
export class ReplyDraft {
  readonly task: ReplyTask;
  readonly cache: PromptCache;
  readonly loaded: LoadedModel;
  readonly #parts: SamplerParts;
  /** Beginning of the reply that is in the cache and ends with a whole token. */
  evaluated: { text: string; tokens: number };
  /** The reply so far. Its end may not be evaluated yet. */
  text = "";
  /** Number of tokens written. */
  completionTokens = 0;
  /** Number of these that are reasoning. */
  reasoningTokens = 0;

  constructor(task: ReplyTask, parts: SamplerParts) {
    this.task = task;
    this.#parts = parts;
    this.cache = parts.cache;
    this.loaded = parts.loaded;
    this.evaluated = { text: "", tokens: task.prompt.tokens.length };
  }

  /** Evaluates until the cache contains exactly the prompt and this beginning of a reply. */
  async goTo(replyText: string): Promise<"done" | "aborted"> {
    const { tokens } = this.task.prompt;
    const { vocabulary, contextTokens } = this.loaded;
    const wanted = replyText === "" ? tokens : [...tokens, ...vocabulary.tokenize(replyText, true)];
    if (wanted.length >= contextTokens) throw contextExceeded(wanted.length, contextTokens);
    this.cache.keepCommonPrefix(wanted);
    if ((await this.cache.prefill(wanted, this.task.isAborted)) === "aborted") return "aborted";
    this.text = replyText;
    this.evaluated = { text: replyText, tokens: wanted.length };
    this.completionTokens = wanted.length - tokens.length;
    return "done";
  }

  /** Records that the cache ends with this beginning of the reply. */
  noteEvaluated(replyText: string): void {
    this.evaluated = { text: replyText, tokens: this.cache.length };
  }

  /** Starts sampling. Close the sampler afterwards. */
  startSampler(sampling: SamplingOptions, grammar: string | null): TokenSampler {
    return new TokenSampler(this.#parts, sampling, grammar);
  }

  /** Starts decoding tokens to text. Control tokens are omitted unless requested. */
  startText({ showsControlTokens = false } = {}): TokenText {
    return new TokenText((tokens) => this.loaded.vocabulary.detokenize(tokens, showsControlTokens));
  }

  isEndToken(token: number): boolean {
    return this.loaded.vocabulary.isEogToken(token) || this.task.prompt.endTokens.includes(token);
  }
}
