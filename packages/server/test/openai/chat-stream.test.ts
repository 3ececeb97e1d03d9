import { NanoAgentError } from "@nanoagent/models";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServiceError } from "../../src/errors/service-error.js";
import type { AnswerEvent } from "../../src/turns/ask.js";
import {
  called,
  FakeServedAgent,
  lightCall,
  NOW,
  runEnd,
  runStart,
  type Script,
  said,
  usage,
  weatherCall,
} from "./fake-served-agent.js";
import { readChunks } from "./read-event-stream.js";
import { chat, hello, type SendOptions } from "./send.js";

async function stream(script: Script, body: object = {}, options?: SendOptions) {
  const { status, headers, text } = await chat(
    new FakeServedAgent(script),
    { ...hello, stream: true, ...body },
    options,
  );
  return { status, headers, text, ...readChunks(text) };
}

/** Choices of the chunks, as pairs of delta and reason. */
const deltas = (chunks: Record<string, unknown>[]) =>
  chunks.map(({ choices }) => {
    const [choice] = choices as { delta: object; finish_reason: string | null }[];
    return choice === undefined ? null : [choice.delta, choice.finish_reason];
  });

describe("a streamed chat completion", () => {
  it("begins with the role, and ends with the reason and the end mark", async () => {
    const { status, headers, chunks, isDone } = await stream(said("Good ", "morning."));
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/event-stream");
    expect(headers["cache-control"]).toBe("no-cache");
    expect(deltas(chunks)).toEqual([
      [{ role: "assistant", content: "" }, null],
      [{ content: "Good " }, null],
      [{ content: "morning." }, null],
      [{}, "stop"],
    ]);
    expect(isDone).toBe(true);
    const id = chunks[0]?.id;
    expect(id).toMatch(/^chatcmpl-/u);
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({ id, object: "chat.completion.chunk", created: NOW / 1000, model: "kitchen" });
      expect(chunk).not.toHaveProperty("usage");
    }
  });

  it("has a chunk with the usage only if it was asked for", async () => {
    const { chunks } = await stream(said("Yes."), { stream_options: { include_usage: true } });
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 12, total_tokens: 15, prompt_tokens_details: { cached_tokens: 8 } },
    });
    expect(chunks.slice(0, -1).every(({ choices }) => (choices as unknown[]).length === 1)).toBe(true);
  });

  it("has one call a chunk, each whole, with rising index", async () => {
    const { chunks } = await stream(called(weatherCall, lightCall));
    expect(deltas(chunks)).toEqual([
      [{ role: "assistant", content: "" }, null],
      [
        {
          tool_calls: [
            {
              index: 0,
              id: "call00001",
              type: "function",
              function: { name: "weather", arguments: '{"city":"Bern"}' },
            },
          ],
        },
        null,
      ],
      [
        { tool_calls: [{ index: 1, id: "call00002", type: "function", function: { name: "light", arguments: "{}" } }] },
        null,
      ],
      [{}, "tool_calls"],
    ]);
  });

  it("sends calls that only the end names", async () => {
    const { chunks } = await stream([runStart, runEnd("", { reason: "tool-calls", calls: [weatherCall] })]);
    expect(deltas(chunks)).toMatchObject([
      [{}, null],
      [{ tool_calls: [{ index: 0, id: "call00001" }] }, null],
      [{}, "tool_calls"],
    ]);
  });

  it("has reasoning apart, and tells of text that turned out to be reasoning", async () => {
    const { chunks } = await stream([
      runStart,
      { type: "reasoning-delta", text: "Hm." },
      { type: "text-delta", text: "Perhaps." },
      { type: "text-retraction" },
      { type: "text-delta", text: "Yes." },
      { type: "step-end", step: 1, reason: "stop", usage },
      runEnd("Yes."),
    ]);
    expect(deltas(chunks)).toEqual([
      [{ role: "assistant", content: "" }, null],
      [{ reasoning_content: "Hm." }, null],
      [{ content: "Perhaps." }, null],
      [{}, null],
      [{ content: "Yes." }, null],
      [{}, "stop"],
    ]);
    expect(chunks[3]?.nanoagent).toEqual({ type: "text-retraction" });
  });

  it("has the agent's own work in chunks with an empty delta", async () => {
    const permission: AnswerEvent = {
      type: "permission",
      id: "p1",
      request: {
        tool: "lamp",
        description: "",
        arguments: {},
        changes_world: true,
        will_run: { kind: "function" } as never,
      },
      seconds: 60,
    };
    const own: AnswerEvent[] = [
      permission,
      { type: "tool-call", id: "own1", name: "lamp", arguments: { on: true } },
      { type: "tool-result", id: "own1", name: "lamp", content: "on", is_error: false },
    ];
    const { chunks } = await stream([runStart, ...own, { type: "text-delta", text: "Done." }, runEnd("Done.")]);
    expect(chunks.slice(1, 4).map(({ nanoagent }) => nanoagent)).toEqual(own);
    expect(deltas(chunks.slice(1, 4))).toEqual([
      [{}, null],
      [{}, null],
      [{}, null],
    ]);
    expect(chunks.filter((chunk) => "nanoagent" in chunk)).toHaveLength(3);
  });

  it("passes on any text unchanged", async () => {
    const unit = fc.constantFrom(
      "\n",
      "\r",
      "\n\n",
      "\u2028",
      "\u0085",
      "\u0000",
      "\ufeff",
      "data: ",
      ":",
      '"',
      "\\",
      "a",
      "😀",
      "\ud83d",
    );
    const pieces = fc.array(fc.string({ unit, minLength: 1 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(pieces, async (texts) => {
        const { chunks } = await stream(said(...texts));
        const choices = chunks.flatMap((chunk) => chunk.choices as { delta: { content?: string } }[]);
        expect(choices.flatMap(({ delta }) => delta.content || []).join("")).toBe(texts.join(""));
        const whole = await chat(new FakeServedAgent(said(...texts)), hello);
        expect(whole.json.choices).toMatchObject([{ message: { content: texts.join("") } }]);
      }),
    );
  });

  it("has comments while nothing is written", async () => {
    async function* slow(): AsyncGenerator<AnswerEvent, void> {
      yield runStart;
      await new Promise((resolve) => setTimeout(resolve, 100));
      yield* said("Yes.").slice(1);
    }
    const options = { statusMilliseconds: 5, keepAliveMilliseconds: 20 };
    const { comments, chunks } = await stream(slow, {}, options);
    expect(comments.length).toBeGreaterThan(0);
    expect(deltas(chunks)).toHaveLength(3);
  });
});

describe("a streamed chat that fails", () => {
  const error = new NanoAgentError({ code: "context-exceeded", message: "The message is too long." });

  it("has the status of its error if nothing was written", async () => {
    const served = new FakeServedAgent([runStart, { type: "error", error }]);
    const { status, json, headers } = await chat(served, { ...hello, stream: true });
    expect(status).toBe(400);
    expect(headers["content-type"]).toMatch(/^application\/json/u);
    expect(json.error).toMatchObject({ code: "context_length_exceeded" });
  });

  it("has the status of a refusal", async () => {
    const served = new FakeServedAgent(async () => {
      throw new ServiceError({
        code: "queue-full",
        message: "Too many requests wait.",
        status: 429,
        type: "rate_limit_error",
        retrySeconds: 7,
      });
    });
    const { status, headers } = await chat(served, { ...hello, stream: true });
    expect(status).toBe(429);
    expect(headers["retry-after"]).toBe("7");
  });

  it("ends with the error after the headers, without an end mark", async () => {
    const { status, chunks, isDone } = await stream([
      runStart,
      { type: "text-delta", text: "Good" },
      { type: "error", error },
    ]);
    expect(status).toBe(200);
    expect(isDone).toBe(false);
    expect(chunks.at(-1)).toEqual({
      error: {
        message: "The message is too long.",
        type: "invalid_request_error",
        param: null,
        code: "context_length_exceeded",
      },
    });
    expect(chunks.filter((chunk) => "error" in chunk)).toHaveLength(1);
  });

  it("ends with the error of a refusal that came late", async () => {
    const script = async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      throw new Error("secret");
    };
    const { status, chunks, text } = await stream(script, {}, { statusMilliseconds: 1 });
    expect(status).toBe(200);
    expect(chunks.at(-1)).toMatchObject({ error: { type: "server_error" } });
    expect(text).not.toContain("secret");
  });
});
