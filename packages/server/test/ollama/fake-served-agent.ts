import type { AgentMessage } from "@nanoagent/models";
import type { ToolCall } from "@nanoagent/runtime";
import { ServiceError } from "../../src/errors/service-error.js";
import type { ServedAgent, ServedModel } from "../../src/service/served-agent.js";
import type { AnswerEvent, Ask } from "../../src/turns/ask.js";

/** An agent without an engine: it gives the events of a script and records what it was asked. */
export class FakeServedAgent implements ServedAgent {
  readonly version = "0.1.0";
  readonly asks: Ask[] = [];
  readonly signals: AbortSignal[] = [];
  readonly answering = { checkPlace: () => {}, answer: (ask: Ask, signal: AbortSignal) => this.#answer(ask, signal) };
  /** Events of the next replies, or the error instead of them. */
  script: (ask: Ask, signal: AbortSignal) => AsyncIterable<AnswerEvent> | Error = () => events(["Yes."]);
  models: ServedModel[] = [agentModel, bareModel];
  time = Date.UTC(2026, 10, 29);

  listModels(): readonly ServedModel[] {
    return this.models;
  }

  findModel(id: unknown): ServedModel {
    const found = this.models.find((model) => id === model.id || id === `${model.id}:latest`);
    if (found !== undefined) return found;
    throw new ServiceError({
      code: "model-not-served",
      message: "Unknown.",
      status: 404,
      type: "not_found_error",
      apiCode: "model_not_found",
    });
  }

  async embed(texts: readonly string[]): Promise<number[][]> {
    return texts.map(() => [0.6, 0.8]);
  }

  async countTokens(texts: readonly string[]): Promise<number> {
    return texts.reduce((sum, text) => sum + text.split(" ").length, 0);
  }

  now(): number {
    return this.time++;
  }

  async #answer(ask: Ask, signal: AbortSignal): Promise<AsyncGenerator<AnswerEvent, void>> {
    this.asks.push(ask);
    this.signals.push(signal);
    const script = this.script(ask, signal);
    if (script instanceof Error) throw script;
    return (async function* () {
      yield* script;
    })();
  }
}

const timestamp = "2026-11-29T12:00:00.000Z";

export function replyOf(content: string): AgentMessage {
  return { role: "assistant", content, timestamp };
}

/** Events of a reply of texts, and of calls of the client's tools. */
export async function* events(
  texts: readonly string[],
  { calls = [], reason }: { calls?: readonly ToolCall[]; reason?: "stop" | "length" | "repetition" } = {},
): AsyncGenerator<AnswerEvent, void> {
  yield { type: "run-start", message: { role: "user", content: "", timestamp } };
  for (const text of texts) yield { type: "text-delta", text };
  for (const call of calls) yield { type: "tool-call", ...call, for_caller: true };
  const usage = { prompt_tokens: 7, completion_tokens: 3, prompt_seconds: 0.5, completion_seconds: 0.25 };
  yield { type: "step-end", step: 1, reason: calls.length > 0 ? "tool-calls" : "stop", usage };
  yield {
    type: "run-end",
    reply: replyOf(texts.join("")),
    reason: calls.length > 0 ? "tool-calls" : (reason ?? "stop"),
    usage,
    ...(calls.length > 0 && { calls }),
  };
}

const agentModel: ServedModel = {
  id: "house",
  target: "agent",
  createdSeconds: 1_764_000_000,
  facts: {
    name: "llama",
    contextTokens: 4096,
    longestContextTokens: 8192,
    trainedTokens: 32_768,
    parameters: 134_515_008,
  },
  file: {
    bytes: 144_000_000,
    modifiedAt: new Date("2026-11-01T00:00:00.000Z"),
    architecture: "llama",
    quantization: "Q8_0",
  },
};

const bareModel: ServedModel = { ...agentModel, id: "smollm2:135m", target: "model" };

export const rulesModel: ServedModel = {
  id: "rules-agent",
  target: "agent",
  createdSeconds: 1_764_000_000,
  facts: { name: "rules", contextTokens: null, callsTools: false },
  file: null,
};
