import { EngineError, NanoRuntimeError } from "@nanoagent/runtime";
import { describe, expect, it } from "vitest";
import { errorFacts } from "../../src/errors/error-facts.js";
import { ollamaError } from "../../src/ollama/ollama-error.js";
import { openaiError } from "../../src/openai/openai-error.js";
import { answerEvents } from "../../src/turns/answer-events.js";
import type { AnswerEvent, Ask } from "../../src/turns/ask.js";
import { startAnswer } from "../../src/turns/start-answer.js";
import { FakeServedAgent, played, runEnd, runStart, type Script, said, usage } from "../openai/fake-served-agent.js";

const ask: Ask = {
  target: "agent",
  conversationIds: [],
  instructions: null,
  before: [],
  message: "Hi",
  mayAskClient: false,
};

async function collect(script: Script, more: Partial<Ask> = {}, signal = new AbortController().signal) {
  const events: AnswerEvent[] = [];
  for await (const event of answerEvents(new FakeServedAgent(script).answering, { ...ask, ...more }, signal)) {
    events.push(event);
  }
  return events;
}

const failed = (code: "reply-only-thought" | "reply-not-valid" | "call-not-valid" | "aborted"): AnswerEvent => ({
  type: "error",
  error: new NanoRuntimeError({ code, message: "No." }),
});

describe("answerEvents", () => {
  it("passes events on", async () => {
    expect(await collect(said("Yes."))).toEqual(said("Yes."));
  });

  it("ends a reply that only reasoned at the limit of the request like any other at its limit", async () => {
    const events = [runStart, { type: "reasoning-delta", text: "Hm" } as const, failed("reply-only-thought")];
    const limited = await collect(events, { sampling: { maxTokens: 3 } });
    expect(limited.at(-1)).toMatchObject({ type: "run-end", reason: "length", reply: { content: "" } });
    expect((await collect(events)).at(-1)).toMatchObject({ type: "error", error: { code: "reply-only-thought" } });
  });

  it("ends JSON that was cut at the limit of the request with that reason", async () => {
    const cut = (reason: "length" | "stop"): AnswerEvent[] => [
      runStart,
      { type: "text-delta", text: '{"a"' },
      { type: "step-end", step: 1, reason, usage },
      failed("reply-not-valid"),
    ];
    const asked = { sampling: { maxTokens: 3 }, responseSchema: { type: "object" } };
    expect((await collect(cut("length"), asked)).at(-1)).toMatchObject({ type: "run-end", reason: "length", usage });
    expect((await collect(cut("stop"), asked)).at(-1)).toMatchObject({ type: "error" });
    expect((await collect(cut("length"), { ...asked, sampling: {} })).at(-1)).toMatchObject({ type: "error" });
  });

  it("keeps the beginning of JSON that was cut at a limit", async () => {
    const first = [
      { type: "text-delta", text: "Let me look." },
      { type: "step-end", step: 1, reason: "tool-calls", usage },
    ] as const;
    const cut: AnswerEvent[] = [
      runStart,
      ...first,
      { type: "text-delta", text: '{"a"' },
      { type: "text-delta", text: ": " },
      { type: "step-end", step: 2, reason: "length", usage },
      failed("reply-not-valid"),
    ];
    const asked = { sampling: { maxTokens: 3 }, responseSchema: { type: "object" } };
    expect((await collect(cut, asked)).at(-1)).toMatchObject({ type: "run-end", reply: { content: '{"a": ' } });
  });

  it("ends JSON that was cut by a stop text with the text before it", async () => {
    const ended = (text: string): AnswerEvent[] => [
      runStart,
      { type: "text-delta", text },
      { type: "step-end", step: 1, reason: "stop", usage },
      failed("reply-not-valid"),
    ];
    const asked = { sampling: { stop: ["}"] }, responseSchema: { type: "object" } };
    const end = { type: "run-end", reason: "stop", reply: { content: '{"a": 1' }, usage };
    expect((await collect(ended('{"a": 1'), asked)).at(-1)).toMatchObject(end);
    expect((await collect(ended(""), asked)).at(-1)).toMatchObject({ ...end, reply: { content: "" } });
    // Complete JSON was not cut, and does not satisfy the schema.
    expect((await collect(ended('{"a": 1}'), asked)).at(-1)).toMatchObject({ type: "error" });
    expect((await collect(ended('{"a": 1'), { ...asked, sampling: {} })).at(-1)).toMatchObject({ type: "error" });
  });

  it("ends a call that was cut at the limit of the request with that reason", async () => {
    const asked = { sampling: { maxTokens: 3 } };
    const cut = [runStart, failed("call-not-valid")];
    expect((await collect(cut, asked)).at(-1)).toMatchObject({ type: "run-end", reason: "length" });
    expect((await collect(cut)).at(-1)).toMatchObject({ type: "error" });
    const result = { type: "tool-result", id: "a", name: "lamp", content: "No.", is_error: true } as const;
    expect((await collect([runStart, result, failed("call-not-valid")], asked)).at(-1)).toMatchObject({
      type: "error",
    });
  });

  it("tells a client that stayed that the service stops", async () => {
    const aborted = [runStart, failed("aborted")];
    expect((await collect(aborted)).at(-1)).toMatchObject({ error: { code: "service-stopping", retrySeconds: 5 } });
    expect((await collect(aborted, {}, AbortSignal.abort())).at(-1)).toMatchObject({ error: { code: "aborted" } });
  });

  it("tells clients not to repeat a request after a tool of the agent was called", async () => {
    const stopped = { type: "error", error: new EngineError({ code: "engine-crashed", message: "It died." }) } as const;
    const call = { type: "tool-call", id: "1", name: "open_valve", arguments: {} } as const;
    for (const [code, end] of [
      ["service-stopping", failed("aborted")],
      ["engine-crashed", stopped],
    ] as const) {
      const last = (await collect([runStart, call, end])).at(-1);
      const error = last?.type === "error" ? last.error : null;
      expect(error?.code).toBe(code);
      for (const reply of [openaiError(error), ollamaError(error)]) {
        expect(reply.headers).toMatchObject({ "x-should-retry": "false" });
        expect(reply.headers).not.toHaveProperty("retry-after");
        expect(reply.body).toContain("A tool was already called.");
        expect(reply.body).not.toContain("Send the request again in a moment.");
      }
      const others = await collect([runStart, { ...call, for_caller: true }, end]);
      expect(errorFacts((others.at(-1) as { error?: unknown }).error)).toMatchObject({ mayRetry: true });
    }
  });

  it("ends the turn when the reader leaves", async () => {
    let isOver = false;
    async function* endless(): AsyncGenerator<AnswerEvent, void> {
      try {
        for (;;) yield { type: "text-delta", text: "again " };
      } finally {
        isOver = true;
      }
    }
    const events = await startAnswer(
      answerEvents(new FakeServedAgent(endless).answering, ask, new AbortController().signal),
    );
    for await (const event of events) if (event.type === "text-delta") break;
    expect(isOver).toBe(true);
  });
});

describe("startAnswer", () => {
  const all = async (events: AsyncGenerator<AnswerEvent, void>) => {
    const list: AnswerEvent[] = [];
    for await (const event of events) list.push(event);
    return list;
  };

  it("loses no event", async () => {
    expect(await all(await startAnswer(played(said("Good ", "morning."))))).toEqual(said("Good ", "morning."));
    expect(await all(await startAnswer(played([])))).toEqual([]);
  });

  it("throws the error of a reply that has not begun, and ends the turn", async () => {
    const pressure = {
      type: "memory-pressure",
      used_bytes: 2,
      limit_bytes: 1,
      reason: "own-limit",
      action: "refuse",
    } as const;
    const events = played([runStart, pressure, failed("reply-not-valid")]);
    await expect(startAnswer(events)).rejects.toMatchObject({ code: "reply-not-valid" });
    expect(await events.next()).toMatchObject({ done: true });
  });

  it("waits no longer than it may", async () => {
    let goOn = () => {};
    async function* slow(): AsyncGenerator<AnswerEvent, void> {
      yield runStart;
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      yield runEnd("");
    }
    const events = await startAnswer(slow(), { statusMilliseconds: 5 });
    goOn();
    expect(await all(events)).toEqual([runStart, runEnd("")]);
  });
});
