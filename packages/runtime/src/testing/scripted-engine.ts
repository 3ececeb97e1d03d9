import type { Engine, EngineEvent, EngineRequest, ToolCall } from "../engines/engine.js";
import { EngineError } from "../engines/engine-error.js";
import { onAbort } from "../on-abort.js";

/** One reply of a {@link ScriptedEngine}: its text, or its parts. */
export type ScriptedReply =
  | string
  | {
      /** The pieces in which it is sent. */
      deltas?: readonly string[];
      calls?: readonly ToolCall[];
      /** Delay before each piece. */
      delayMilliseconds?: number;
      /** Error that ends the reply after the pieces. */
      error?: EngineError;
    };

/**
 * An engine that gives the replies of a script in order, repeatedly. It stops before a stop text; schemas and other
 * parts of a request do not change its replies. For tests of programs that embed the runtime: it records every request.
 */
export class ScriptedEngine implements Engine {
  readonly name = "scripted";
  readonly contextTokens: number | null;
  /** Copies of the requests, oldest first. */
  readonly requests: EngineRequest[] = [];
  readonly #replies: readonly ScriptedReply[];
  readonly #closing = new AbortController();
  #next = 0;

  constructor(
    replies: readonly ScriptedReply[] = ["Yes."],
    { contextTokens = null }: { contextTokens?: number | null } = {},
  ) {
    this.#replies = replies;
    this.contextTokens = contextTokens;
  }

  async *generate(
    request: EngineRequest,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<EngineEvent> {
    if (this.#closing.signal.aborted) {
      yield { type: "error", error: EngineError.closed(this.name) };
      return;
    }
    this.requests.push({ ...request, messages: [...request.messages] });
    const reply = this.#replies[this.#next++ % this.#replies.length] ?? "";
    const {
      deltas = [],
      calls = [],
      delayMilliseconds = 0,
      error,
    } = typeof reply === "string" ? { deltas: [reply] } : reply;
    const ended = () => signal?.aborted || this.#closing.signal.aborted;
    for (const text of cutAtStop(deltas, request.sampling?.stop ?? [])) {
      if (delayMilliseconds > 0) await sleep(delayMilliseconds, signal, this.#closing.signal);
      if (ended()) break;
      yield { type: "text-delta", text };
    }
    if (!ended()) for (const call of calls) yield { type: "tool-call", call };
    if (ended()) {
      yield { type: "end", reason: "abort" };
      return;
    }
    if (error !== undefined) {
      yield { type: "error", error };
      return;
    }
    const usage = {
      prompt_tokens: countWords(request.messages.map((message) => message.content).join(" ")),
      completion_tokens: countWords(deltas.join("")),
    };
    yield { type: "usage", usage };
    yield { type: "end", reason: calls.length > 0 ? "tool-calls" : "stop" };
  }

  countTokens(text: string): number {
    return countWords(text);
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }
}

function countWords(text: string): number {
  return text === "" ? 0 : Math.max(1, text.split(/\s+/u).filter(Boolean).length);
}

/** Returns the pieces up to the first stop text. */
function cutAtStop(deltas: readonly string[], stop: readonly string[]): string[] {
  const whole = deltas.join("");
  const ends = stop.map((text) => whole.indexOf(text)).filter((index) => index >= 0);
  let left = Math.min(whole.length, ...ends);
  const kept: string[] = [];
  for (const text of deltas) {
    if (left <= 0 && kept.length > 0) break;
    kept.push(text.slice(0, left));
    left -= text.length;
  }
  return kept;
}

/** Waits until the time is over or one of the signals aborts. */
function sleep(milliseconds: number, ...signals: (AbortSignal | undefined)[]): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      for (const stopListening of listening) stopListening();
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    const listening: (() => void)[] = [];
    for (const signal of signals) listening.push(onAbort(signal, done));
  });
}
