import type { AgentRole, NanoAgentError } from "@nanoagent/models";
import type { EngineMemory, MemoryPressureEvent } from "../memory/memory-report.js";
import type { EngineFacts } from "./engine-facts.js";

/**
 * Whatever turns messages into a reply: the built-in rules, a local model, a server, or one of your own.
 *
 * The contract, which {@link testEngine} from `@nanoagent/runtime/testing` checks:
 *
 * - `generate` yields any number of `text-delta`, `reasoning-delta`, `text-retraction` and `tool-call` events, at most one `usage`, and
 *   then exactly one `end` or `error`, after which nothing comes.
 * - It never throws. What goes wrong is an `error` event, before the first piece of text as well as after it.
 * - When its signal aborts, the reply ends with `end`, reason `abort`, within {@link ABORT_GRACE_MILLISECONDS}; the
 *   same when the signal had aborted before the call. The engine is free for the next call then.
 * - A caller that stops reading (`break`) has aborted.
 * - Calls may overlap; each gets its own reply, whole and unmixed. Whether they run side by side or in turn is the
 *   engine's own affair.
 * - The request is read, never changed and never kept: its list of messages grows with the conversation once the reply has
 *   ended. A copy stays as it was.
 * - `countTokens` answers for the text alone, without any template around it: 0 for an empty text, at least 1 for any
 *   other, and the same for the same text.
 * - `countTokensOfAll` answers for each text, in their order, what `countTokens` would.
 * - A `tool-call` is of a tool that the request told of, and the reply then ends with reason `tool-calls`. An engine whose
 *   `callsTools` is false makes none.
 * - `memory-pressure`, `context-growth` and `prompt-progress` may come at any place before the end.
 * - `close` ends what still runs and releases everything. It may be called twice. A call of `generate` after it
 *   yields an `error` with code `engine-closed`.
 */
export interface Engine extends EngineFacts {
  /** Whether replies take no time, so that there is nothing to abort: then `generate` gets no signal. Absent: they may. */
  readonly answersAtOnce?: boolean | undefined;
  generate(request: EngineRequest, options?: { signal?: AbortSignal | undefined }): AsyncIterable<EngineEvent>;
  countTokens(text: string): number | Promise<number>;
  /** Counts the tokens of each text in one trip to where the engine is. Absent: `countTokens` is asked for each. */
  countTokensOfAll?(texts: readonly string[]): Promise<number[]>;
  /**
   * Returns a vector of length 1 for each text, in their order, all of one size: the likelier two texts mean the same, the
   * larger the product of their vectors. At most {@link MAX_EMBEDDED_TEXTS} texts with words, and
   * {@link MAX_EMBEDDED_CHARACTERS} characters together. Rejects with `aborted` within {@link ABORT_GRACE_MILLISECONDS} of an
   * abort, `context-exceeded` for a text that is too long to be read whole, `engine-closed` after `close`, and
   * `embeddings-not-supported` where it turns out that it cannot. Absent: it cannot.
   */
  embed?(texts: readonly string[], options?: { signal?: AbortSignal | undefined }): Promise<number[][]>;
  /**
   * Makes the context long enough for so many tokens of a request and its reply, or as long as memory admits now;
   * `contextTokens` says what came of it. Never rejects. Absent: the context keeps its length.
   */
  growContext?(tokens: number): Promise<void>;
  /** What it takes, and may take; absent where it takes nothing worth counting. */
  memory?(): Promise<EngineMemory>;
  /**
   * Writes down what it has evaluated, so that after a restart the same conversation goes on without being read again.
   * The bytes written; null where it was not told where, or has nothing. Absent: it cannot.
   */
  saveState?(): Promise<number | null>;
  close(): Promise<void>;
}

/** From an abort to the end of the reply. */
export const ABORT_GRACE_MILLISECONDS = 250;

export interface EngineRequest {
  /** What the agent is told before the conversation. */
  instructions: string | null;
  /** Oldest first; the last one is what is to be answered. */
  messages: readonly EngineMessage[];
  /**
   * JSON Schema that the reply must satisfy. An engine that cannot hold itself to it answers with an `error` of code
   * `schema-not-supported` before any text; a reply that ends by `length` satisfies nothing.
   */
  responseSchema?: object | undefined;
  sampling?: SamplingOptions | undefined;
  /**
   * What it may call, by name. An engine that cannot call tools leaves them alone. With a schema beside them, a reply is
   * either calls or text that satisfies the schema. Absent: nothing.
   */
  tools?: readonly EngineTool[] | undefined;
  /**
   * Whether the reply may be text (`auto`), or must choose among the tools and none of them (`required`): then it is calls,
   * or it has nothing to do, and its text does not count. An engine that cannot be held to that answers as with `auto`.
   * Default: `auto`.
   */
  toolChoice?: "auto" | "required" | undefined;
}

/** A tool as an engine is told of it. */
export interface EngineTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its arguments. */
  readonly inputSchema: object;
  /** Whether it does more than look. Absent: not known. */
  readonly changesWorld?: boolean | undefined;
}

/** How the next token is chosen and when a reply ends. What is absent is the engine's own default. */
export interface SamplingOptions {
  /** The longest reply, in tokens. */
  maxTokens?: number | undefined;
  /** 0 always takes the likeliest token. */
  temperature?: number | undefined;
  topK?: number | undefined;
  topP?: number | undefined;
  minP?: number | undefined;
  repeatPenalty?: number | undefined;
  /** The same seed gives the same reply to the same request. */
  seed?: number | undefined;
  /** Texts that end the reply; they are no part of it. */
  stop?: readonly string[] | undefined;
}

/** A message as an engine sees it; an `AgentMessage` is one. */
export interface EngineMessage {
  role: AgentRole;
  content: string;
  /** On an assistant's message that called tools. */
  tool_calls?: readonly ToolCall[];
  /** On a tool's message: the call that it answers. */
  tool_call_id?: string;
}

export interface ToolCall {
  id: string;
  name: string;
  arguments: unknown;
}

export interface TokenUsage {
  prompt_tokens: number;
  completion_tokens: number;
  /** Tokens that it took to decide whether a tool is needed, and which; absent where the reply itself decides. */
  deciding_tokens?: number | undefined;
  /** Of the prompt's tokens, those that were still known from before and cost nothing; absent where it is not told. */
  cached_prompt_tokens?: number;
  /** Of the tokens that were written, those of thoughts; absent where it is not told. */
  reasoning_tokens?: number;
  /** Time in which the prompt's tokens that were not cached were evaluated (prefill); absent where the engine does not report it. */
  prompt_seconds?: number;
  /** Time in which the reply was written (decode); absent where the engine does not report it. */
  completion_seconds?: number;
}

/** Reading a long prompt has got this far. */
export interface PromptProgressEvent {
  type: "prompt-progress";
  /** Tokens of the prompt that are evaluated, cached ones included. */
  read_tokens: number;
  /** Tokens of the whole prompt. */
  prompt_tokens: number;
}

/** A conversation came near the end of the context, and the model was loaded again with a longer one. */
export interface ContextGrowthEvent {
  type: "context-growth";
  context_tokens: number;
  previous_tokens: number;
}

/** Why a reply ended: it was complete, it hit a limit of length, it waits for tools, or it was aborted. */
export type EndReason = "stop" | "length" | "tool-calls" | "abort";

export type EngineEvent =
  | { type: "text-delta"; text: string }
  /** What a model thinks before it answers; no part of the reply. */
  | { type: "reasoning-delta"; text: string }
  /** All text of this reply so far was a thought, as a mark behind it shows: it is no part of the reply. */
  | { type: "text-retraction" }
  | { type: "tool-call"; call: ToolCall }
  | { type: "usage"; usage: TokenUsage }
  | MemoryPressureEvent
  | ContextGrowthEvent
  | PromptProgressEvent
  | { type: "end"; reason: EndReason }
  | { type: "error"; error: NanoAgentError };
