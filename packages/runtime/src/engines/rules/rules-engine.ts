import type { EdgeDevice } from "@nanoagent/models";
import type { Engine, EngineEvent, EngineRequest } from "../engine.js";
import { EngineError } from "../engine-error.js";
import { replyByRules } from "./reply-by-rules.js";

/** Answers by four fixed rules: no model, no memory, no waiting. */
export class RulesEngine implements Engine {
  readonly name = "rules";
  readonly contextTokens = null;
  readonly #agentName: string;
  readonly #device: EdgeDevice;
  readonly #abilities: readonly string[];
  #closed = false;

  /** `abilities` are what it says the agent can do when it does not understand; without any it asks for more. */
  constructor({
    agentName,
    device,
    abilities = [],
  }: {
    agentName: string;
    device: EdgeDevice;
    abilities?: readonly string[] | undefined;
  }) {
    this.#abilities = abilities;
    this.#agentName = agentName;
    this.#device = device;
  }

  async *generate(
    request: EngineRequest,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<EngineEvent> {
    if (this.#closed) {
      yield { type: "error", error: EngineError.closed(this.name) };
      return;
    }
    if (signal?.aborted) {
      yield { type: "end", reason: "abort" };
      return;
    }
    const text = replyByRules(request.messages.at(-1)?.content ?? "", this.#agentName, this.#device, this.#abilities);
    yield { type: "text-delta", text };
    yield { type: "end", reason: signal?.aborted ? "abort" : "stop" };
  }

  /** Rules read words, so a word is a token here. */
  countTokens(text: string): number {
    if (text === "") return 0;
    return Math.max(1, text.split(/\s+/u).filter(Boolean).length);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}
