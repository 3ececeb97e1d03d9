import type { AgentRole, NanoAgentError } from "@nanoagent/models";
import type { EngineMemory, MemoryPressureEvent } from "../memory/memory-report.js";
import type { EngineFacts } from "./engine-facts.js";

/**
 * Produces replies to messages: the built-in rules, a local model, a server, or a custom engine.
 *
 * The contract, which `testEngine` from `@nanoagent/runtime/testing` checks:
 *
 * - `generate` yields any number of `text-delta`, `reasoning-delta`, `text-retraction` and `tool-call` events, at most
 *   one `usage`, and then exactly one `end` or `error`, which is the last event.
 * - `generate` never throws. Failures are `error` events, before the first piece of text as well as after it.
 * - When its signal aborts, the reply ends with an `end` event, reason `abort`, within
 *   {@link ABORT_GRACE_MILLISECONDS}, even if the signal had aborted before the call. The engine is then free for the
 *   next call.
 * - A caller that stops reading (`break`) aborts the reply.
 * - Calls may overlap. Each gets its own complete reply. The engine decides whether they run in parallel or in
 *   sequence.
 * - The engine never changes or keeps the request. Its list of messages grows with the conversation once the reply has
 *   ended; make a copy to keep it.
 * - `countTokens` counts the text alone, without a template around it: 0 for an empty text, at least 1 for any other,
 *   and always the same for the same text.
 * - `countTokensOfAll` returns what `countTokens` would return for each text, in the same order.
 * - A `tool-call` names a tool of the request, and the reply then ends with reason `tool-calls`. An engine whose
 *   `callsTools` is false never calls tools.
 * - `memory-pressure`, `context-growth` and `prompt-progress` may come at any point before the end.
 * - `close` ends all running replies and releases all resources. It may be called twice. A later call of `generate`
 *   yields an `error` with code `engine-closed`.
 */
export interface Engine extends EngineFacts {
  /** Whether replies are instant, so that there is nothing to abort; then `generate` gets no signal. Absent: false. */
  readonly answersAtOnce?: boolean | undefined;
  generate(request: EngineRequest, options?: { signal?: AbortSignal | undefined }): AsyncIterable<EngineEvent>;
  countTokens(text: string): number | Promise<number>;
  /** Counts the tokens of each text in one call. Absent: `countTokens` is called for each text. */
  countTokensOfAll?(texts: readonly string[]): Promise<number[]>;
  /**
   * Returns one vector of length 1 per text, in the same order and all of one size. The dot product of two vectors is
   * larger the closer the texts are in meaning. Accepts at most `MAX_EMBEDDED_TEXTS` non-blank texts with
   * `MAX_EMBEDDED_CHARACTERS` characters together. Rejects with `aborted` within {@link ABORT_GRACE_MILLISECONDS}
   * of an abort, `context-exceeded` for a text that is longer than the context, `engine-closed` after `close`, and
   * `embeddings-not-supported` if the model turns out not to support embeddings. Absent: not supported.
   */
  embed?(texts: readonly string[], options?: { signal?: AbortSignal | undefined }): Promise<number[][]>;
  /**
   * Grows the context to hold this number of tokens (request and reply), or as far as memory allows. `contextTokens`
   * then has the new length. Never rejects. Absent: the context has a fixed length.
   */
  growContext?(tokens: number): Promise<void>;
  /** Returns the memory in use and the limit. Absent: the engine uses a negligible amount. */
  memory?(): Promise<EngineMemory>;
  /**
   * Saves the evaluated state to disk, so that the same conversation continues after a restart without another prompt
   * evaluation. Returns the number of bytes written, or null if no file is configured or there is nothing to save.
   * Absent: not supported.
   */
  saveState?(): Promise<number | null>;
  close(): Promise<void>;
}

/** Longest time from an abort to the end of the reply. */
export const ABORT_GRACE_MILLISECONDS = 250;

export interface EngineRequest {
  /** System prompt, or null. */
  instructions: string | null;
  /** The conversation, oldest message first. The last message is the one to answer. */
  messages: readonly EngineMessage[];
  /**
   * JSON Schema for the reply. An engine that cannot enforce it yields an `error` with code `schema-not-supported`
   * before any text. A reply that ends with reason `length` does not satisfy the schema.
   */
  responseSchema?: object | undefined;
  sampling?: SamplingOptions | undefined;
  /** Language of the last message, such as `de` or `de-CH`, if the app knows it. Engines may ignore it. */
  language?: string | undefined;
  /**
   * Tools that the reply may call. An engine that cannot call tools ignores them. If there is also a schema, a reply is
   * either calls or text that satisfies the schema. Absent: no tools.
   */
  tools?: readonly EngineTool[] | undefined;
  /**
   * `auto`: the reply may be text. `required`: the reply must call a tool or decline all of them; its text is ignored.
   * `forced`: the reply must call a tool, even if none fits. An engine that cannot enforce a choice treats it as `auto`.
   * Default: `auto`.
   */
  toolChoice?: "auto" | "required" | "forced" | undefined;
}

/** A tool as presented to an engine. */
export interface EngineTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly inputSchema: object;
  /** Whether the tool has side effects. Absent: unknown. */
  readonly changesWorld?: boolean | undefined;
}

/** How tokens are chosen and when a reply ends. Absent options use the engine's defaults. */
export interface SamplingOptions {
  /** Longest reply, in tokens. */
  maxTokens?: number | undefined;
  /** 0 always chooses the most likely token. */
  temperature?: number | undefined;
  topK?: number | undefined;
  topP?: number | undefined;
  minP?: number | undefined;
  repeatPenalty?: number | undefined;
  /** The same seed gives the same reply to the same request. */
  seed?: number | undefined;
  /** Texts that end the reply. They are not part of it. */
  stop?: readonly string[] | undefined;
}

/** A message as an engine sees it; an `AgentMessage` is one. */
export interface EngineMessage {
  role: AgentRole;
  content: string;
  /** Tool calls of an assistant message. */
  tool_calls?: readonly ToolCall[];
  /** Id of the call that a tool message answers. */
  tool_call_id?: string;
}

export interface ToolCall {
  id: string;
  name: string;
  arguments: unknown;
}

export interface TokenUsage {
  prompt_tokens: number;
  /** Written tokens. For a call or question that was decided without writing: the tokens that it would have. */
  completion_tokens: number;
  /** Tokens used to decide whether to call a tool and which one. Absent if the reply itself decides. */
  deciding_tokens?: number | undefined;
  /** Prompt tokens that cost nothing: they came from the cache, or the reply was decided without them. Absent if unknown. */
  cached_prompt_tokens?: number;
  /** Completion tokens that were reasoning. Absent if unknown. */
  reasoning_tokens?: number;
  /** Time spent on evaluating the prompt's uncached tokens (prefill). Absent if unknown. */
  prompt_seconds?: number;
  /** Time spent on writing the reply (decode). Absent if unknown. */
  completion_seconds?: number;
}

/** Progress of evaluating a long prompt. */
export interface PromptProgressEvent {
  type: "prompt-progress";
  /** Evaluated tokens, including cached ones. */
  read_tokens: number;
  /** Total tokens of the prompt. */
  prompt_tokens: number;
}

/** The conversation nearly filled the context, so the model was reloaded with a longer one. */
export interface ContextGrowthEvent {
  type: "context-growth";
  context_tokens: number;
  previous_tokens: number;
}

/** Why a reply ended: it was complete, it reached a length limit, it waits for tool results, or it was aborted. */
export type EndReason = "stop" | "length" | "tool-calls" | "abort";

export type EngineEvent =
  | { type: "text-delta"; text: string }
  /** Reasoning before the answer. It is not part of the reply. */
  | { type: "reasoning-delta"; text: string }
  /** Turns all text so far into reasoning: a mark after it shows that it was not part of the reply. */
  | { type: "text-retraction" }
  | { type: "tool-call"; call: ToolCall }
  | { type: "usage"; usage: TokenUsage }
  | MemoryPressureEvent
  | ContextGrowthEvent
  | PromptProgressEvent
  | {
      type: "end";
      reason: EndReason;
      /** Set if the reply only says that the engine did not understand the message. Models cannot tell. */
      not_understood?: true;
    }
  | { type: "error"; error: NanoAgentError };
