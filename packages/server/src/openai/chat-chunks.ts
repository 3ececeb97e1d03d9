import type { ToolCall } from "@nanoagent/runtime";
import type { AnswerEvent } from "../turns/ask.js";
import { callArguments } from "./call-arguments.js";
import { type Extension, extensionOf } from "./extension.js";
import { type FinishReason, finishReason } from "./finish-reason.js";
import { type ChatUsage, chatUsage } from "./usage.js";

/** Facts that are the same in every chunk of a reply. */
export interface ReplyFacts {
  readonly id: string;
  /** In seconds since 1970. */
  readonly created: number;
  readonly model: string;
}

export interface ChatChunk extends ReplyFacts {
  object: "chat.completion.chunk";
  choices: readonly [] | readonly [{ index: 0; delta: ChatDelta; finish_reason: FinishReason | null; logprobs: null }];
  usage?: ChatUsage;
  nanoagent?: Extension;
}

export interface ChatDelta {
  role?: "assistant";
  content?: string;
  reasoning_content?: string;
  tool_calls?: readonly [ChatCall & { index: number }];
}

/** A call in the form of chat completions. The arguments are JSON in a text. */
export interface ChatCall {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
}

export function chatCall(call: ToolCall): ChatCall {
  return { id: call.id, type: "function", function: { name: call.name, arguments: callArguments(call) } };
}

/**
 * Turns the events of a reply into the chunks of a streamed chat completion.
 *
 * Text that turns out to be reasoning (`text-retraction`) cannot be taken back: the client has it already. To hold back
 * every text until its end would take the stream from all models, because which ones do this is not known before. The
 * chunk with the extension `text-retraction` tells clients that read it; a reply that is not streamed is right.
 */
export class ChatChunks {
  readonly #facts: ReplyFacts;
  readonly #includesUsage: boolean;
  readonly #sentCalls = new Set<string>();
  #hasText = false;

  constructor(facts: ReplyFacts, { includesUsage }: { includesUsage: boolean }) {
    this.#facts = facts;
    this.#includesUsage = includesUsage;
  }

  /** The first chunk. Home Assistant needs the role in it. */
  first(): ChatChunk {
    return this.#chunk({ role: "assistant", content: "" });
  }

  /** Returns the chunks for an event. An `error` has none: it is not a chunk. */
  chunksFor(event: AnswerEvent): readonly ChatChunk[] {
    switch (event.type) {
      case "text-delta":
        this.#hasText = true;
        return [this.#chunk({ content: event.text })];
      case "reasoning-delta":
        return [this.#chunk({ reasoning_content: event.text })];
      case "tool-call":
        return event.for_caller ? this.#calls([event]) : this.#extension(event);
      case "run-end":
        return [
          // A reply without any piece of text is its own text.
          ...(this.#hasText || event.reply.content === "" ? [] : [this.#chunk({ content: event.reply.content })]),
          ...this.#calls(event.calls ?? []),
          ...this.#extension(event),
          this.#chunk({}, finishReason(event)),
          ...(this.#includesUsage ? [this.#usage(chatUsage(event.usage))] : []),
        ];
      default:
        return this.#extension(event);
    }
  }

  /** Returns one chunk for each call that was not sent before. Home Assistant reads only the first call of a chunk. */
  #calls(calls: readonly ToolCall[]): ChatChunk[] {
    return calls.flatMap((call) => {
      if (this.#sentCalls.has(call.id)) return [];
      const index = this.#sentCalls.size;
      this.#sentCalls.add(call.id);
      return [this.#chunk({ tool_calls: [{ index, ...chatCall(call) }] })];
    });
  }

  #extension(event: AnswerEvent): ChatChunk[] {
    const nanoagent = extensionOf(event);
    return nanoagent === null ? [] : [{ ...this.#chunk({}), nanoagent }];
  }

  #chunk(delta: ChatDelta, finish_reason: FinishReason | null = null): ChatChunk {
    const { id, created, model } = this.#facts;
    const choice = { index: 0, delta, finish_reason, logprobs: null } as const;
    return { id, object: "chat.completion.chunk", created, model, choices: [choice] };
  }

  /** Clients that did not ask for it fail on a chunk without a choice. */
  #usage(usage: ChatUsage): ChatChunk {
    const { id, created, model } = this.#facts;
    return { id, object: "chat.completion.chunk", created, model, choices: [], usage };
  }
}
