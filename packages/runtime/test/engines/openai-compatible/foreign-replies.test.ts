import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { openOpenAiCompatibleEngine, RemoteEngineError } from "@nanoagent/runtime/engines/openai-compatible";
import fc from "fast-check";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { sendJson, startServer } from "./fake-server.js";
import { fakeOllama } from "./fake-servers.js";
import { ask, collect, replying, textOf } from "./open-engine.js";

/** Ways in which servers frame the values that they send. */
const framings = {
  events: (values: readonly unknown[]) => values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join(""),
  "events without empty lines": (values: readonly unknown[]) =>
    values.map((value) => `data:${JSON.stringify(value)}\n`).join(""),
  "events marked twice": (values: readonly unknown[]) =>
    values.map((value) => `data: data: ${JSON.stringify(value)}\r\n\r\n`).join(""),
  lines: (values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join(""),
  list: (values: readonly unknown[]) => JSON.stringify(values, null, 2),
};
type Framing = keyof typeof framings;
const framing = fc.constantFrom(...(Object.keys(framings) as Framing[]));
const label = fc.constantFrom(
  "text/event-stream",
  "application/json",
  "application/x-ndjson; charset=utf-8",
  "text/plain",
  "application/octet-stream",
  "text/html",
);

let reply = { stream: "", label: "" };
let engine: Awaited<ReturnType<typeof openOpenAiCompatibleEngine>>;

/** Opens an engine whose server sends {@link reply}. */
async function open(kind: "openai" | "ollama") {
  const ollama = fakeOllama();
  const server = await startServer((request, response) => {
    if (kind === "ollama" && request.url !== "/api/chat") return ollama(request, response);
    return replying((_, response) => {
      response.writeHead(200, { "content-type": reply.label });
      response.end(reply.stream);
    })(kind === "ollama" ? { ...request, url: "/v1/chat/completions" } : request, response);
  });
  const opened = await openOpenAiCompatibleEngine({ url: server.url });
  onTestFinished(() => opened.close());
  return opened;
}

async function receive() {
  const events = await collect(engine.generate(ask("hi", { tools })));
  const last = events.at(-1);
  return {
    text: textOf(events),
    calls: events.flatMap((event) => (event.type === "tool-call" ? [event.call] : [])),
    error: last?.type === "error" ? (last.error as RemoteEngineError) : null,
    reason: last?.type === "end" ? last.reason : null,
  };
}

const tools = ["water", "measure"].map((name) => ({ name, description: name, inputSchema: { type: "object" } }));

/** Forms in which servers send a piece of text. */
const shapes: Record<string, (content: string) => object> = {
  delta: (content) => ({ choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
  "delta with an empty reason": (content) => ({
    choices: [{ delta: { content, tool_calls: null }, finish_reason: "" }],
  }),
  "delta in parts": (content) => ({ choices: [{ index: 0, delta: { content: [{ type: "text", text: content }] } }] }),
  "delta of one choice": (content) => ({ choices: { delta: { content } }, usage: null }),
  "message for delta": (content) => ({ choices: [{ index: "0", message: { role: "assistant", content } }] }),
  refusal: (content) => ({ choices: [{ index: 0, delta: { refusal: content } }] }),
  completion: (content) => ({ choices: [{ index: 0, text: content }] }),
  ollama: (content) => ({ message: { role: "assistant", content }, done: false }),
  "a text for delta": (delta) => ({ choices: [{ index: 0, delta }] }),
  "a text for message": (message) => ({ choices: [{ index: 0, message }] }),
  "parts for delta": (text) => ({ choices: [{ index: 0, delta: [{ type: "text", text }] }] }),
  "text in delta": (text) => ({ choices: [{ index: 0, delta: { role: "assistant", text } }] }),
  "content of a choice": (content) => ({ choices: [{ index: 0, content }] }),
  "a transcript": (transcript) => ({
    choices: [{ index: 0, delta: { content: null, audio: { id: "a", transcript } } }],
  }),
  "a text for an Ollama message": (message) => ({ message, done: false }),
  "a generated line": (response) => ({ response, done: false }),
};

/** Values in place of a text that cannot be read as text. */
const noTexts: readonly unknown[] = [
  42,
  true,
  {},
  { foo: "zzz" },
  { text: 42 },
  [42],
  [{}],
  [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }],
  [{ type: "input_audio", input_audio: { data: "AAAA" } }],
  [{ type: "text", text: { foo: "zzz" } }],
];
/** Places of such a value. */
const places: Record<string, (value: unknown) => object> = {
  "delta.content": (content) => ({ choices: [{ index: 0, delta: { role: "assistant", content } }] }),
  "message.content": (content) => ({ choices: [{ index: 0, message: { role: "assistant", content } }] }),
  "another key of delta": (value) => ({ choices: [{ index: 0, delta: { response: JSON.stringify(value) } }] }),
  "choice.text": (text) => ({ choices: [{ index: 0, text }] }),
  "an Ollama message": (content) => ({ message: { role: "assistant", content }, done: false }),
  "another key of an Ollama message": (value) => ({
    message: { role: "assistant", said: JSON.stringify(value) },
    done: false,
  }),
  "an Ollama response": (response) => ({ response, done: false }),
  "a value of its own": (generated_text) => ({ generated_text }),
};
/** Replies that are empty and valid. */
const empty: readonly object[] = [
  { choices: [{ index: 0, delta: { role: "assistant", content: "" } }] },
  { choices: [{ index: 0, delta: { role: "assistant", content: [], refusal: null, annotations: [] } }] },
  { choices: [{ index: 0, delta: { content: [{ type: "text", text: "" }] } }] },
  { choices: [{ index: 0, delta: { role: "assistant", content: "", provider_specific_fields: { a: 1 } } }] },
  { choices: [{ index: 0, delta: { role: "assistant", content: null, tool_calls: null, audio: null } }] },
  { choices: [{ index: 0, message: { role: "assistant", content: "" } }] },
  { message: { role: "assistant", content: "" }, done: false },
];

const ends: Record<string, readonly unknown[]> = {
  stop: [{ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }],
  "an unknown reason": [{ choices: [{ index: 0, delta: { content: "" }, finish_reason: "eos" }] }],
  "with usage": [
    { choices: [{ delta: {}, finish_reason: "stop" }] },
    { choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } },
  ],
  ollama: [{ message: { role: "assistant", content: "" }, done: true, done_reason: "stop" }],
};

// No piece repeats all text before it, which would count as a repetition.
const pieces = fc.uniqueArray(fc.stringMatching(/^[a-z]{3,8} $/), { minLength: 1, maxLength: 4 });

describe.each(["openai", "ollama"] as const)("in any format of a server (%s),", (kind) => {
  test("a streamed reply contains its text", async () => {
    engine = await open(kind);
    const shape = fc.constantFrom(...Object.keys(shapes));
    const end = fc.constantFrom(...Object.keys(ends));
    await fc.assert(
      fc.asyncProperty(pieces, shape, end, framing, label, async (said, shape, end, framing, label) => {
        const values = [...said.map((piece) => shapes[shape]?.(piece)), ...(ends[end] ?? [])];
        reply = { stream: framings[framing](values), label };
        expect(await receive()).toEqual({ text: said.join(""), calls: [], error: null, reason: "stop" });
      }),
    );
  });

  test("a reply without readable text is an error that quotes it", async () => {
    engine = await open(kind);
    for (const [place, write] of Object.entries(places)) {
      for (const value of noTexts) {
        for (const end of Object.keys(ends)) {
          reply = { stream: framings.events([write(value), ...(ends[end] ?? [])]), label: "text/event-stream" };
          const { error, text } = await receive();
          expect([place, value, end, text, error?.code]).toEqual([place, value, end, "", "remote-protocol"]);
          expect(error?.reason?.replaceAll("\\", "")).toContain(JSON.stringify(value).slice(1, -1));
        }
      }
    }
    for (const value of empty) {
      for (const end of Object.keys(ends)) {
        reply = { stream: framings.events([value, ...(ends[end] ?? [])]), label: "text/event-stream" };
        expect(await receive()).toEqual({ text: "", calls: [], error: null, reason: "stop" });
      }
    }
  });

  test("a whole reply contains its text and its calls", async () => {
    engine = await open(kind);
    const message = fc.record({
      content: fc.stringMatching(/^[a-z ]{1,20}$/),
      calls: fc.array(fc.record({ bed: fc.integer() }), { maxLength: 3 }),
    });
    const form = fc.record({ hasReason: fc.boolean(), before: fc.boolean(), space: fc.constantFrom(0, 2) });
    await fc.assert(
      fc.asyncProperty(message, form, label, async ({ content, calls }, { hasReason, before, space }, label) => {
        const tool_calls = calls.map((input, index) => ({
          id: `${index}`,
          function: { name: "water", arguments: JSON.stringify(input) },
        }));
        const whole = {
          object: "chat.completion",
          choices: [{ index: 0, message: { content, tool_calls }, ...(hasReason ? { finish_reason: "stop" } : {}) }],
        };
        // Some servers stream the pieces and then send all of it again.
        const pieces = before ? framings.events([...content].map((letter) => shapes.delta?.(letter))) : "";
        reply = { stream: pieces + JSON.stringify(whole, null, space), label };
        const got = await receive();
        expect(got).toMatchObject({ text: content, error: null, reason: calls.length > 0 ? "tool-calls" : "stop" });
        expect(got.calls.map((call) => call.arguments)).toEqual(calls);
      }),
    );
  });

  /** Ways in which servers report an error in place of a piece. */
  const failures: Record<string, (words: string) => unknown> = {
    "a text": (error) => ({ error }),
    "an object": (message) => ({ error: { code: 500, message } }),
    "an object within": (message) => ({ error: { error: { message } } }),
    "JSON in a text": (message) => ({ error: JSON.stringify({ error: { message } }) }),
    "object: error": (message) => ({ object: "error", message, code: 400 }),
    "type: error": (message) => ({ type: "error", error: { type: "overloaded_error", message } }),
    "error: true": (message) => ({ error: true, message }),
    "a list": (message) => ({ errors: [{ message }] }),
    detail: (detail) => ({ detail }),
    details: (msg) => ({ detail: [{ loc: ["body"], msg }] }),
    msg: (msg) => ({ code: 400, msg, success: false }),
    error_msg: (error_msg) => ({ error_code: 17, error_msg }),
    "in the choice": (message) => ({
      choices: [{ delta: { content: "" }, finish_reason: "error", error: { message } }],
    }),
  };

  test("a failure is an error with the server's message, never an empty reply", async () => {
    engine = await open(kind);
    const failure = fc.constantFrom(...Object.keys(failures));
    const said = fc.array(fc.constant("Hello"), { maxLength: 1 });
    await fc.assert(
      fc.asyncProperty(failure, said, framing, label, fc.boolean(), async (failure, said, framing, label, hasMark) => {
        const words = "the model is out of memory";
        const values = [...said.map((piece) => shapes.delta?.(piece)), failures[failure]?.(words)];
        reply = { stream: framings[framing](values) + (hasMark ? "\ndata: [DONE]\n\n" : ""), label };
        const { error, text } = await receive();
        expect(text).toBe(said.join(""));
        expect(error).toBeInstanceOf(RemoteEngineError);
        expect(error?.reason).toContain(words);
      }),
    );
  });

  test.each<[string, string, string | RegExp | null]>([
    ["nothing", "", null],
    ["an end mark", "data: [DONE]\n\n", null],
    ["an end mark alone", "[DONE]\n", null],
    [
      "a role and an end mark",
      `${framings.events([{ choices: [{ delta: { role: "assistant" } }] }])}data: [DONE]\n\n`,
      null,
    ],
    ["comments", ": PROCESSING\n\n: PROCESSING\n\n", null],
    ["other values", framings.events([null, [], 3, { timings: {} }]), null],
    [
      "only another reply",
      `${framings.events([{ choices: [{ index: 1, delta: { content: "x" } }] }])}data: [DONE]\n\n`,
      null,
    ],
    ["a load notification", JSON.stringify({ message: { content: "" }, done: true, done_reason: "load" }), null],
    ["words", "upstream connect error\n", "upstream connect error"],
    ["a page", "<!doctype html>\n<html><title>Sign in</title></html>", null],
    ["a missing call", framings.events([{ choices: [{ delta: {}, finish_reason: "tool_calls" }] }]), null],
    ["half of a reply", framings.events([shapes.delta?.("Hel")]), null],
    [
      "text after half of a reply",
      `${framings.events([shapes.delta?.("Hel")])}data: killed\n\ndata: [DONE]\n\n`,
      "killed",
    ],
  ])("%s is not a reply", async (_, stream, words) => {
    engine = await open(kind);
    for (const label of ["text/event-stream", "application/json", "text/html"]) {
      reply = { stream, label };
      const { error } = await receive();
      expect(error).toBeInstanceOf(RemoteEngineError);
      expect(error?.reason).toBe(words);
      expect(error?.hint).not.toBeNull();
    }
  });
});

describe("the finish reason", () => {
  beforeAll(() => {
    reply = { stream: "", label: "text/event-stream" };
  });
  const endingBy = async (finish_reason: string) => {
    engine = await open("openai");
    reply = { stream: framings.events([shapes.delta?.("Hi"), { choices: [{ delta: {}, finish_reason }] }]), label: "" };
    const { error, reason } = await receive();
    return error?.code ?? reason;
  };

  test.each(["length", "MAX_TOKENS", "max_length", "max-output-tokens", "model_length", "token_limit"])(
    "%s means that the reply was cut",
    async (word) => expect(await endingBy(word)).toBe("length"),
  );
  test.each(["SAFETY", "content-filter", "sensitive", "RECITATION", "guardrail_intervened"])(
    "%s means that a filter ended the reply",
    async (word) => expect(await endingBy(word)).toBe("remote-refused"),
  );
  test.each(["network_error", "cancelled", "ABORT", "insufficient_system_resource", "error"])(
    "%s means that the reply was aborted",
    async (word) => expect(await endingBy(word)).toBe("remote-failed"),
  );
  test.each(["stop", "eos_token", "end_turn", "COMPLETE", "stop_sequence", "toString"])(
    "%s means that the reply is complete",
    async (word) => expect(await endingBy(word)).toBe("stop"),
  );
});

test("a reply with a finish reason in every piece continues, however long the server pauses", async () => {
  engine = await openOpenAiCompatibleEngine({
    url: (
      await startServer(
        replying(async (_, response) => {
          response.writeHead(200, { "content-type": "text/event-stream" });
          for (const content of ["one ", "two ", "three"]) {
            response.write(framings.events([{ choices: [{ delta: { content }, finish_reason: "stop" }] }]));
            await new Promise((resolve) => setTimeout(resolve, content === "two " ? 1500 : 100));
          }
          response.end("data: [DONE]\n\n");
        }),
      )
    ).url,
  });
  onTestFinished(() => engine.close());
  expect(await receive()).toMatchObject({ text: "one two three", error: null, reason: "stop" });
});

test("a split surrogate pair is joined, in text and reasoning; a lone surrogate is replaced", async () => {
  engine = await open("openai");
  const text = fc.array(fc.constantFrom("a", "\ud83c", "\udf31", "🌱"), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(text, fc.constantFrom("content", "reasoning_content"), async (units, field) => {
      // A letter in between, because a piece equal to all text so far counts as a repetition.
      const values = ["x", ...units].map((unit) => ({ choices: [{ delta: { [field]: unit } }] }));
      reply = { stream: framings.events([...values, ...(ends.stop ?? [])]), label: "text/event-stream" };
      const events = await collect(engine.generate(ask("hi")));
      const deltas = events.flatMap((event) =>
        event.type === "text-delta" || event.type === "reasoning-delta" ? [event.text] : [],
      );
      for (const delta of deltas) expect(delta).not.toMatch(/\p{Surrogate}/u);
      expect(deltas.join("")).toBe(`x${units.join("")}`.replace(/\p{Surrogate}/gu, "\ufffd"));
    }),
  );
});

test.each([
  ["gzip", gzipSync],
  ["x-gzip", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
  ["utf-8", Buffer.from],
  ["none", Buffer.from],
])("a reply with the encoding %s from a proxy is read while it streams", async (encoding, encode) => {
  const stream = framings.events([shapes.delta?.("Hel"), shapes.delta?.("lo"), ...(ends.stop ?? [])]);
  const server = await startServer(
    replying((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": encoding });
      response.end(encode(stream));
    }),
  );
  engine = await openOpenAiCompatibleEngine({ url: server.url });
  onTestFinished(() => engine.close());
  for (let turn = 0; turn < 3; turn++) {
    expect(await receive()).toEqual({ text: "Hello", calls: [], error: null, reason: "stop" });
  }
  expect(server.connections.made).toBeLessThanOrEqual(2);
});

test.each([
  ["a list by itself", [{ id: "m" }]],
  ["a list of models", { models: [{ name: "m" }] }],
])("a server that responds with %s has these models", async (_, models) => {
  const server = await startServer((request, response) =>
    sendJson(response, request.url === "/v1/models" ? models : {}),
  );
  const opened = await openOpenAiCompatibleEngine({ url: server.url });
  onTestFinished(() => opened.close());
  expect(opened.server.model).toBe("m");
});
