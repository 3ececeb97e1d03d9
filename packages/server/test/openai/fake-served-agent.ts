import type { AgentEvent, TokenUsage } from "@nanoagent/runtime";
import { ServiceError } from "../../src/errors/service-error.js";
import type { ServedAgent, ServedModel } from "../../src/service/served-agent.js";
import type { AnswerEvent, Ask } from "../../src/turns/ask.js";

export const NOW = Date.UTC(2026, 10, 29, 12, 0, 0);

const facts = { name: "scripted", contextTokens: 2048, trainedTokens: 8192, callsTools: true, parameters: 135_000_000 };

export const kitchen: ServedModel = {
  id: "kitchen",
  target: "agent",
  createdSeconds: 1_764_288_000,
  facts,
  file: null,
};
export const bare: ServedModel = { ...kitchen, id: "org/small.gguf", target: "model" };

export type Script =
  | readonly AnswerEvent[]
  | ((ask: Ask, signal: AbortSignal) => Promise<AsyncGenerator<AnswerEvent, void>> | AsyncGenerator<AnswerEvent, void>);

/** A served agent that gives the events of a script, and records what it was asked. */
export class FakeServedAgent implements ServedAgent {
  readonly version = "0.1.0";
  readonly asks: Ask[] = [];
  /** Texts of each call of `embed`. */
  readonly embedded: (readonly string[])[] = [];
  readonly #script: Script;
  readonly #models: readonly ServedModel[];

  constructor(script: Script = said("Yes."), models: readonly ServedModel[] = [kitchen, bare]) {
    this.#script = script;
    this.#models = models;
  }

  readonly answering = {
    checkPlace: () => {},
    answer: async (ask: Ask, signal: AbortSignal) => {
      this.asks.push(ask);
      return typeof this.#script === "function" ? this.#script(ask, signal) : played(this.#script);
    },
  };

  listModels(): readonly ServedModel[] {
    return this.#models;
  }

  findModel(id: unknown): ServedModel {
    const found = this.#models.find((model) => model.id === id || `${model.id}:latest` === id);
    if (found !== undefined) return found;
    throw new ServiceError({
      code: "model-not-served",
      message: `The model ${JSON.stringify(id)} is not served.`,
      hint: "Send the id of a model in GET /v1/models.",
      status: 404,
      type: "not_found_error",
      param: "model",
      apiCode: "model_not_found",
    });
  }

  async embed(texts: readonly string[]): Promise<number[][]> {
    this.embedded.push(texts);
    return texts.map((text) => [0.6, -0.8, text.length / 1024]);
  }

  async countTokens(texts: readonly string[]): Promise<number> {
    return texts.reduce((sum, text) => sum + text.split(" ").length, 0);
  }

  now(): number {
    return NOW;
  }
}

export async function* played(events: readonly AnswerEvent[]): AsyncGenerator<AnswerEvent, void> {
  yield* events;
}

const timestamp = new Date(NOW).toISOString();

export const usage: TokenUsage = {
  prompt_tokens: 12,
  completion_tokens: 3,
  cached_prompt_tokens: 8,
  reasoning_tokens: 1,
};

export const runStart: AgentEvent = { type: "run-start", message: { role: "user", content: "Hi", timestamp } };

export function runEnd(
  content: string,
  more: Partial<Extract<AgentEvent, { type: "run-end" }>> = {},
): Extract<AgentEvent, { type: "run-end" }> {
  return { type: "run-end", reply: { role: "assistant", content, timestamp }, reason: "stop", usage, ...more };
}

/** Returns the events of a reply that is only text, in these pieces. */
export function said(...pieces: string[]): AgentEvent[] {
  return [
    runStart,
    ...pieces.map((text) => ({ type: "text-delta", text }) as const),
    { type: "step-end", step: 1, reason: "stop", usage },
    runEnd(pieces.join("")),
  ];
}

export const weatherCall = { id: "call00001", name: "weather", arguments: { city: "Bern" } };
export const lightCall = { id: "call00002", name: "light", arguments: {} };

/** Returns the events of a reply that calls the client's tools. */
export function called(...calls: (typeof weatherCall | typeof lightCall)[]): AgentEvent[] {
  return [
    runStart,
    ...calls.map((call) => ({ type: "tool-call", ...call, for_caller: true }) as const),
    { type: "step-end", step: 1, reason: "tool-calls", usage },
    runEnd("", { reason: "tool-calls", calls }),
  ];
}
