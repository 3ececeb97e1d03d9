import { EventEmitter } from "node:events";
import type { EngineEvent, EngineRequest } from "@nanoagent/runtime";
import { describe, expect, test } from "vitest";
import { type FakeServer, sendJson, sleep, writePieces } from "./fake-server.js";
import {
  fakeLlamaServer,
  fakeOllama,
  ollamaChunk,
  ollamaStats,
  openaiChunk,
  openaiUsage,
  streamOpenai,
} from "./fake-servers.js";
import { ask, collect, openOn, replying, textOf } from "./open-engine.js";

const hello = openaiChunk({ content: "Hello" });
const stop = openaiChunk({}, "stop");
const usage: EngineEvent = {
  type: "usage",
  usage: { prompt_tokens: 12, completion_tokens: 5, cached_prompt_tokens: 4 },
};
const text = (value: string): EngineEvent => ({ type: "text-delta", text: value });
const reasoning = (value: string): EngineEvent => ({ type: "reasoning-delta", text: value });
const end = (reason: "stop" | "length" | "tool-calls"): EngineEvent => ({ type: "end", reason });

async function eventsOf(chunks: readonly unknown[], request: Partial<EngineRequest> = {}): Promise<EngineEvent[]> {
  const { engine } = await openOn(fakeLlamaServer({ reply: () => ({ chunks }) }));
  return collect(engine.generate(ask("hi", request)));
}

/** Events for a stream that is sent byte for byte. */
async function eventsOfStream(stream: string, type = "text/event-stream"): Promise<EngineEvent[]> {
  const { engine } = await openOn(
    replying((_, response) => {
      response.writeHead(200, { "content-type": type });
      response.end(stream);
    }),
  );
  return collect(engine.generate(ask("hi")));
}

function calls(events: readonly EngineEvent[]) {
  return events.flatMap((event) => (event.type === "tool-call" ? [event.call] : []));
}

describe("a streamed reply", () => {
  test.each([
    ["llama-server", { ...openaiUsage, timings: { prompt_ms: 250, predicted_ms: 1500 } }],
    ["Ollama", { ...openaiUsage, prompt_eval_duration: 250_000_000, eval_duration: 1_500_000_000 }],
  ])("has the times that %s measured", async (_, last) => {
    const events = await eventsOf([hello, stop, last]);
    const times = { prompt_seconds: 0.25, completion_seconds: 1.5 };
    expect(events[1]).toEqual({ type: "usage", usage: { ...(usage as { usage: object }).usage, ...times } });
  });

  test("consists of text, usage and end", async () => {
    const events = await eventsOf([openaiChunk({ role: "assistant", content: "" }), hello, stop, openaiUsage]);
    expect(events).toEqual([text("Hello"), usage, end("stop")]);
  });

  test.each([
    ["stop", "stop"],
    ["length", "length"],
    ["eos_token", "stop"],
    ["toString", "stop"],
    ["tool_calls", "stop"],
  ] as const)("with finish reason %s ends with %s", async (word, reason) => {
    expect(await eventsOf([hello, openaiChunk({}, word)])).toEqual([text("Hello"), end(reason)]);
  });

  test.each([
    ["content_filter", "remote-refused"],
    ["error", "remote-failed"],
    ["abort", "remote-failed"],
  ])("with finish reason %s is an error", async (word, code) => {
    expect(await eventsOf([hello, openaiChunk({}, word)])).toMatchObject([
      text("Hello"),
      { type: "error", error: { code } },
    ]);
  });

  test.each([
    ["reasoning_content", "llama-server, LM Studio"],
    ["reasoning", "vLLM"],
  ])("separates reasoning in %s (%s)", async (field) => {
    const events = await eventsOf([
      openaiChunk({ [field]: "Hm. " }),
      openaiChunk({ [field]: "Yes.", content: null }),
      hello,
      stop,
    ]);
    expect(events).toEqual([reasoning("Hm. "), reasoning("Yes."), text("Hello"), end("stop")]);
  });

  test("separates reasoning between tags", async () => {
    const events = await eventsOf(
      ["<th", "ink>Hm.</thi", "nk>Hello <b"].map((content) => openaiChunk({ content })).concat(stop),
    );
    expect(events.filter(({ type }) => type === "reasoning-delta")).toEqual([reasoning("Hm.")]);
    expect(textOf(events)).toBe("Hello <b");
    expect(events.at(-1)).toEqual(end("stop"));
  });

  test("is the first one if a server sends two", async () => {
    const second = openaiChunk({ content: "Other" }, null, 1);
    const both = {
      choices: [
        { index: 1, delta: { content: "x" } },
        { index: 0, delta: { content: "!" } },
      ],
    };
    expect(textOf(await eventsOf([hello, second, both, openaiChunk({}, "stop", 1), stop]))).toBe("Hello!");
  });

  test("may lack [DONE], the finish reason, the usage and the content type", async () => {
    const data = (chunk: unknown) => `data: ${JSON.stringify(chunk)}\n\n`;
    expect(await eventsOfStream(data(hello) + data(stop))).toEqual([text("Hello"), end("stop")]);
    expect(await eventsOfStream(`${data(hello)}data: [DONE]`)).toEqual([text("Hello"), end("stop")]);
    const { engine } = await openOn(replying((_, response) => response.end(data(hello) + data(stop))));
    expect(textOf(await collect(engine.generate(ask("hi"))))).toBe("Hello");
  });

  test("may have unknown fields", async () => {
    const odd = [
      null,
      [],
      3,
      { choices: null },
      { choices: [null] },
      { choices: [{ delta: null }] },
      { choices: [{ index: 0, delta: { content: 7, tool_calls: {} } }] },
      { choices: [{ delta: { content: null, tool_calls: [] } }], usage: { prompt_tokens: -1, completion_tokens: 0.5 } },
      { timings: { predicted_per_second: 3 } },
    ];
    expect(await eventsOf([...odd, hello, stop])).toEqual([text("Hello"), end("stop")]);
    const lines = `\uFEFF: ping\r\nid: 1\r\nretry: 5\r\nevent: message\r\ndata:${JSON.stringify(hello)}\r\n\r\ndata\n\n: ping\rdata: ${JSON.stringify(stop)}\r\r`;
    expect(await eventsOfStream(lines)).toEqual([text("Hello"), end("stop")]);
  });

  test("passes control characters on unchanged", async () => {
    const wild = "\u0000\u001b[31m\u202e\uD83C\uDF31";
    expect(textOf(await eventsOf([openaiChunk({ content: wild }), stop]))).toBe(wild);
  });

  test("ends even if the server keeps the stream open", async () => {
    const { engine, server } = await openOn(
      replying(async (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(`data: ${JSON.stringify(hello)}\n\ndata: ${JSON.stringify(stop)}\n\n`);
        for (;;) {
          await sleep(50);
          if (response.destroyed) return;
          response.write(`data: ${JSON.stringify(openaiUsage)}\n\n`);
        }
      }),
    );
    const since = performance.now();
    expect(await collect(engine.generate(ask("hi")))).toEqual([text("Hello"), usage, end("stop")]);
    expect(performance.now() - since).toBeLessThan(3000);
    await expect.poll(() => server.abandoned.length, { timeout: 5000 }).toBe(1);
  });
});

describe("tool calls", () => {
  const part = (index: number | undefined, id: string | null, name: string | null, args: unknown) =>
    openaiChunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: args } }] });

  test("are assembled from their pieces", async () => {
    const events = await eventsOf([
      part(0, "a", "moisture", ""),
      part(0, null, null, '{"bed"'),
      part(0, null, null, ":3}"),
      openaiChunk({}, "tool_calls"),
      openaiUsage,
    ]);
    expect(events).toEqual([
      { type: "tool-call", call: { id: "a", name: "moisture", arguments: { bed: 3 } } },
      usage,
      end("tool-calls"),
    ]);
  });

  test("may be interleaved and follow text", async () => {
    const events = await eventsOf([
      hello,
      part(2, "c", "third", "[1,"),
      part(0, "a", "first", "{"),
      part(2, "c", "third", "2]"),
      part(1, "b", "second", null),
      part(0, null, null, "}"),
      stop,
    ]);
    expect(calls(events)).toEqual([
      { id: "a", name: "first", arguments: {} },
      { id: "b", name: "second", arguments: {} },
      { id: "c", name: "third", arguments: [1, 2] },
    ]);
    expect(events.at(-1)).toEqual(end("tool-calls"));
  });

  test("may lack indexes and ids, and have arguments as a value", async () => {
    const events = await eventsOf([
      part(undefined, "a", "first", '{"x":'),
      part(undefined, "a", null, "1}"),
      part(undefined, "b", "second", { y: 2 }),
      part(undefined, null, "third", '{"z"'),
      part(undefined, null, null, ":3}"),
      stop,
    ]);
    expect(calls(events)).toEqual([
      { id: "a", name: "first", arguments: { x: 1 } },
      { id: "b", name: "second", arguments: { y: 2 } },
      { id: "call_1", name: "third", arguments: { z: 3 } },
    ]);
  });

  test("get unique ids if two have the same", async () => {
    const ids = calls(await eventsOf([part(0, "a", "one", "{}"), part(1, "a", "two", "{}"), stop])).map(({ id }) => id);
    expect(ids).toEqual(["a", "call_1"]);
  });

  test("keep arguments that are not JSON as text; empty calls are dropped", async () => {
    const events = await eventsOf([part(0, "", "", ""), part(1, "b", "tool", '{"bed": thr'), stop]);
    expect(calls(events)).toEqual([{ id: "b", name: "tool", arguments: '{"bed": thr' }]);
  });

  test("are dropped if the reply was cut", async () => {
    const events = await eventsOf([part(0, "a", "one", '{"x":'), openaiChunk({}, "length")]);
    expect(events).toEqual([end("length")]);
  });
});

describe("a reply with a schema", () => {
  const responseSchema = { type: "object" };

  test("is not searched for reasoning", async () => {
    const events = await eventsOf([openaiChunk({ content: '{"tag":"<think>"' }), openaiChunk({ content: "}" }), stop], {
      responseSchema,
    });
    expect(textOf(events)).toBe('{"tag":"<think>"}');
    expect(events.at(-1)).toEqual(end("stop"));
  });

  test("that was cut ends with length", async () => {
    const events = await eventsOf([openaiChunk({ content: '{"a' }), openaiChunk({}, "length")], { responseSchema });
    expect(events.at(-1)).toEqual(end("length"));
  });
});

describe("an error inside a reply", () => {
  test.each([
    [
      "as llama-server sends it",
      `data: {"error":{"code":500,"message":"out of \\u001b[31mmemory"}}\n\n`,
      "remote-failed",
      "out of [31mmemory",
    ],
    [
      "as older versions send it",
      'error: {"code":400,"message":"the request exceeds the available context size"}\n\ndata: [DONE]\n\n',
      "remote-refused",
      "the request exceeds the available context size",
    ],
    ["as a separate event", 'event: error\ndata: {"error":"boom"}\n\n', "remote-failed", "boom"],
    ["as text", "event: error\ndata: boom\n\n", "remote-failed", "boom"],
    [
      "unmarked",
      '{"error":{"code":400,"message":"request (6009 tokens) exceeds the available context size (4096 tokens)"}}',
      "remote-refused",
      "request (6009 tokens) exceeds the available context size (4096 tokens)",
    ],
  ])("%s", async (_, stream, code, reason) => {
    const events = await eventsOfStream(`data: ${JSON.stringify(hello)}\n\n${stream}`);
    expect(events).toMatchObject([text("Hello"), { type: "error", error: { code, reason } }]);
  });

  test("with status 200, in place of a reply", async () => {
    const events = await eventsOfStream('{"error":{"code":400,"message":"n_ctx is too small"}}', "application/json");
    expect(events).toMatchObject([{ type: "error", error: { code: "remote-refused", reason: "n_ctx is too small" } }]);
    expect(events[0]?.type === "error" && events[0].error.hint).toMatch(/larger context/);
  });
});

describe("Ollama", () => {
  async function eventsFrom(chunks: readonly unknown[], request: Partial<EngineRequest> = {}) {
    const { engine } = await openOn(fakeOllama({ reply: () => ({ chunks }) }));
    return collect(engine.generate(ask("hi", request)));
  }
  const done = (reason: string) => ollamaChunk({ content: "" }, { done: true, done_reason: reason, ...ollamaStats });

  test("sends text, reasoning and usage", async () => {
    const events = await eventsFrom([
      ollamaChunk({ content: "", thinking: "Hm." }),
      ollamaChunk({ content: "Hi" }),
      done("stop"),
    ]);
    expect(events).toEqual([
      reasoning("Hm."),
      text("Hi"),
      {
        type: "usage",
        usage: {
          prompt_tokens: 26,
          completion_tokens: 4,
          prompt_seconds: 0.342546,
          completion_seconds: 4.535599,
        },
      },
      end("stop"),
    ]);
  });

  test("sends whole tool calls, and equal ones are kept", async () => {
    const call = { function: { index: 0, name: "water", arguments: { bed: 3 } } };
    const events = await eventsFrom([
      ollamaChunk({ content: "", tool_calls: [call] }),
      ollamaChunk({ content: "", tool_calls: [call, { id: "x", function: { name: "stop" } }] }),
      done("stop"),
    ]);
    expect(calls(events)).toEqual([
      { id: "call_1", name: "water", arguments: { bed: 3 } },
      { id: "call_2", name: "water", arguments: { bed: 3 } },
      { id: "x", name: "stop", arguments: {} },
    ]);
    expect(events.at(-1)).toEqual(end("tool-calls"));
  });

  test("may cut a reply, omit figures, or send an error midway", async () => {
    expect((await eventsFrom([ollamaChunk({ content: "Hi" }), done("length")])).at(-1)).toEqual(end("length"));
    expect(await eventsFrom([ollamaChunk({ content: "Hi" }, { done: true })])).toEqual([text("Hi"), end("stop")]);
    expect(await eventsFrom([ollamaChunk({ content: "Hi" }), { error: "an error was encountered" }])).toMatchObject([
      text("Hi"),
      { type: "error", error: { code: "remote-failed", reason: "an error was encountered" } },
    ]);
    expect(await eventsFrom([ollamaChunk({ content: "Hi" })])).toMatchObject([
      text("Hi"),
      { type: "error", error: { code: "remote-failed" } },
    ]);
  });
});

describe("connections", () => {
  test("are reused by a hundred consecutive requests", async () => {
    const { engine, server } = await openOn(fakeLlamaServer());
    for (let index = 0; index < 100; index++) {
      expect(textOf(await collect(engine.generate(ask(`${index}`))))).toBe("Hello from the server.");
      await engine.countTokens(`${index}`);
    }
    expect(server.connections.made).toBeLessThanOrEqual(4);
    expect(server.connections.open).toBeLessThanOrEqual(3);
    await engine.close();
    await expect.poll(() => server.connections.open).toBe(0);
  });

  test("are all closed after a hundred aborts, without listeners left on the signal", async () => {
    const { engine, server } = await openOn(
      replying(async (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        await writePieces(response, Array(1000).fill(`data: ${JSON.stringify(hello)}\n\n`), 10);
      }),
    );
    const caller = new AbortController();
    for (let index = 0; index < 100; index++) {
      for await (const event of engine.generate(ask("hi"), { signal: caller.signal })) {
        expect(event).toEqual(text("Hello"));
        break;
      }
    }
    expect(EventEmitter.getEventListeners(caller.signal, "abort")).toHaveLength(0);
    await expect.poll(() => server.abandoned.length, { timeout: 5000 }).toBe(100);
    await expect.poll(() => server.connections.open, { timeout: 5000 }).toBeLessThanOrEqual(1);
  });

  test("are replaced if the server closed them while idle", async () => {
    let closing = false;
    const { engine, server } = await openOn((request, response) => {
      if (closing && server.connections.made === 1) return response.socket?.destroy();
      return fakeLlamaServer()(request, response);
    });
    closing = true;
    expect(textOf(await collect(engine.generate(ask("hi"))))).toBe("Hello from the server.");
  });

  test("stay open while a reply pauses longer than the idle timeout", async () => {
    const { engine } = await openOn(
      replying(async (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(`data: ${JSON.stringify(hello)}\n\n`);
        await sleep(5000);
        response.end(`data: ${JSON.stringify(stop)}\n\ndata: [DONE]\n\n`);
      }),
    );
    expect(await collect(engine.generate(ask("hi")))).toEqual([text("Hello"), end("stop")]);
  });

  test("do not time out because of a slow reader", async () => {
    const { engine } = await openOn(
      replying((_, response) => streamOpenai(response, { chunks: [hello, hello, hello, stop], delayMilliseconds: 5 })),
      { timeouts: { nextPieceMilliseconds: 500 } },
    );
    let read = "";
    for await (const event of engine.generate(ask("hi"))) {
      if (event.type === "text-delta") read += event.text;
      else expect(event.type).toBe("end");
      await sleep(700);
    }
    expect(read).toBe("HelloHelloHello");
  });
});

/** Waits until the server has received a chat request. */
async function chatIsAsked(server: FakeServer): Promise<void> {
  await expect.poll(() => server.requests.some(({ url }) => url === "/v1/chat/completions")).toBe(true);
}

describe("an abort", () => {
  test.each(["before the headers", "before the first piece", "in the middle"])(
    "%s ends the reply in time",
    async (when) => {
      const { engine, server } = await openOn(
        replying(async (_, response) => {
          if (when === "before the headers") return;
          response.writeHead(200, { "content-type": "text/event-stream" });
          response.flushHeaders();
          if (when === "in the middle") response.write(`data: ${JSON.stringify(hello)}\n\n`);
        }),
      );
      const caller = new AbortController();
      const events = collect(engine.generate(ask("hi"), { signal: caller.signal }));
      await chatIsAsked(server);
      await sleep(50);
      const since = performance.now();
      caller.abort();
      expect((await events).at(-1)).toEqual({ type: "end", reason: "abort" });
      // The contract's 250 ms, plus the possible delay of a busy machine.
      expect(performance.now() - since).toBeLessThan(250 + 5000);
      await expect.poll(() => server.abandoned.length).toBe(1);
    },
  );

  test("during the pause before a retry ends the reply", async () => {
    const { engine, server } = await openOn(
      replying((_, response) => {
        response.setHeader("retry-after", "20");
        sendJson(response, { error: "busy" }, 503);
      }),
    );
    const caller = new AbortController();
    const events = collect(engine.generate(ask("hi"), { signal: caller.signal }));
    await chatIsAsked(server);
    await sleep(50);
    caller.abort();
    expect(await events).toEqual([{ type: "end", reason: "abort" }]);
  });

  test("by close ends all running replies", async () => {
    const { engine, server } = await openOn(replying(() => {}));
    const running = [1, 2, 3].map(() => collect(engine.generate(ask("hi"))));
    await expect.poll(() => server.requests.filter(({ url }) => url.endsWith("completions")).length).toBe(3);
    await engine.close();
    for (const events of await Promise.all(running)) expect(events).toEqual([{ type: "end", reason: "abort" }]);
    await expect.poll(() => server.connections.open).toBe(0);
  });
});
