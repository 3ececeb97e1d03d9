import { type EdgeDevice, type IntentSettings, NanoAgentError } from "@nanoagent/models";
import type { Engine, EngineEvent, EngineRequest } from "../engine.js";
import { EngineError } from "../engine-error.js";
import { closestLanguage, fallbackFor, languagesOf } from "./message-language.js";
import { replyByRules } from "./reply-by-rules.js";

/** Engine that answers with four fixed rules, instantly and without a model. */
export class RulesEngine implements Engine {
  readonly name = "rules";
  readonly contextTokens = null;
  readonly answersAtOnce = true;
  readonly callsTools = false;
  readonly #agentName: string;
  readonly #device: EdgeDevice;
  readonly #abilities: readonly string[];
  readonly #intents: IntentSettings | null;
  #closed = false;

  /**
   * `abilities` are listed in the reply to a message that no rule understands, unless `intents` have a fallback.
   * Without abilities, that reply asks for more detail.
   */
  constructor({
    agentName,
    device,
    abilities = [],
    intents = null,
  }: {
    agentName: string;
    device: EdgeDevice;
    abilities?: readonly string[] | undefined;
    intents?: IntentSettings | null | undefined;
  }) {
    this.#intents = intents;
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
    if (request.responseSchema !== undefined) {
      yield { type: "error", error: withoutSchemas() };
      return;
    }
    const content = request.messages.at(-1)?.content ?? "";
    const intents = this.#intents;
    const { language } = request;
    const { text, isUnderstood } = replyByRules(content, this.#agentName, this.#device, {
      abilities: this.#abilities,
      language: language ?? (intents && closestLanguage(content, languagesOf(intents), intents)),
      fallback: intents && fallbackFor(content, intents, language),
    });
    const ends = (request.sampling?.stop ?? []).map((stop) => text.indexOf(stop)).filter((index) => index >= 0);
    yield { type: "text-delta", text: text.slice(0, Math.min(text.length, ...ends)) };
    if (signal?.aborted) yield { type: "end", reason: "abort" };
    else yield { type: "end", reason: "stop", ...(!isUnderstood && { not_understood: true }) };
  }

  /** Counts words, which are this engine's tokens. */
  countTokens(text: string): number {
    if (text === "") return 0;
    return Math.max(1, text.split(/\s+/u).filter(Boolean).length);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}

function withoutSchemas(): NanoAgentError {
  return new NanoAgentError({
    code: "schema-not-supported",
    message: "The rules engine cannot follow a reply schema.",
    hint: "Remove the schema, or set model_path or engine to use a model.",
  });
}
