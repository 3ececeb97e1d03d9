import { RemoteEngineError } from "@nanoagent/runtime/engines/openai-compatible";
import { describe, expect, test } from "vitest";
import { type Answer, sendJson } from "./fake-server.js";
import { fakeLlamaServer, fakeLmStudio, fakeNanoagent, fakeOllama, fakeVllm } from "./fake-servers.js";
import { failToOpen, openOn, replying } from "./open-engine.js";

type Found = { kind: string; model: string; contextTokens: number; tools?: boolean | null; notice?: RegExp };

const unlisted: Answer = (request, response) =>
  request.url === "/v1/models" ? sendJson(response, { error: "no" }, 404) : sendJson(response, {}, 404);
const qwen = "models/qwen2.5-0.5b-instruct-q4_0.gguf";

const cases: [name: string, Answer, options: { model?: string; contextTokens?: number }, Found][] = [
  ["llama-server", fakeLlamaServer(), {}, { kind: "llama-server", model: qwen, contextTokens: 8192, tools: true }],
  [
    "llama-server, with a smaller context configured",
    fakeLlamaServer(),
    { contextTokens: 2048 },
    { kind: "llama-server", model: qwen, contextTokens: 2048 },
  ],
  [
    "llama-server, with a larger context configured",
    fakeLlamaServer({ caps: { supports_tools: false } }),
    { contextTokens: 20000 },
    { kind: "llama-server", model: qwen, contextTokens: 8192, tools: false, notice: /is 20000.*is 8192 tokens/ },
  ],
  [
    "llama-server as a router",
    fakeLlamaServer({ isRouter: true, models: ["a/b:Q4_0", "c"], contextTokens: 3000 }),
    { model: "a/b:Q4_0" },
    { kind: "llama-server", model: "a/b:Q4_0", contextTokens: 3000 },
  ],
  [
    "nanoagent: the model alone, if it is served",
    fakeNanoagent(),
    {},
    { kind: "nanoagent", model: "tiny.gguf", contextTokens: 2048, tools: true },
  ],
  [
    "nanoagent: the agent, if only that is served",
    fakeNanoagent({ models: ["agent"], callsTools: false }),
    {},
    { kind: "nanoagent", model: "greenhouse", contextTokens: 2048, tools: false },
  ],
  [
    "nanoagent: the configured one",
    fakeNanoagent(),
    { model: "greenhouse" },
    { kind: "nanoagent", model: "greenhouse", contextTokens: 2048 },
  ],
  [
    "nanoagent, with Ollama's form of a name and a larger context configured",
    fakeNanoagent(),
    { model: "tiny.gguf:latest", contextTokens: 9000 },
    { kind: "nanoagent", model: "tiny.gguf", contextTokens: 2048, notice: /is 9000.*is 2048 tokens/ },
  ],
  [
    "nanoagent, without a limit",
    fakeNanoagent({ contextTokens: null }),
    {},
    { kind: "nanoagent", model: "tiny.gguf", contextTokens: 4096 },
  ],
  ["vLLM", fakeVllm(), {}, { kind: "vllm", model: "Qwen/Qwen2.5-1.5B-Instruct", contextTokens: 16384, tools: null }],
  [
    "LM Studio: the only chat model, with its loaded context",
    fakeLmStudio(),
    {},
    { kind: "lm-studio", model: "granite-4-micro", contextTokens: 6000 },
  ],
  [
    "LM Studio, with the model not loaded",
    fakeLmStudio({
      models: [{ id: "g", type: "llm", state: "not-loaded", max_context_length: 3000, capabilities: ["tool_use"] }],
    }),
    {},
    { kind: "lm-studio", model: "g", contextTokens: 3000, tools: true, notice: /does not report/ },
  ],
  [
    "Ollama, with the model loaded",
    fakeOllama({ loadedContext: 10000 }),
    {},
    { kind: "ollama", model: "qwen3:0.6b", contextTokens: 10000, tools: true },
  ],
  [
    "Ollama, with a context in the Modelfile",
    fakeOllama({ parameters: "temperature 1\nnum_ctx                        5000\nstop x" }),
    {},
    { kind: "ollama", model: "qwen3:0.6b", contextTokens: 5000 },
  ],
  [
    "Ollama, with no context set",
    fakeOllama({ capabilities: ["completion"] }),
    {},
    { kind: "ollama", model: "qwen3:0.6b", contextTokens: 4096, tools: false, notice: /uses a context of 4096/ },
  ],
  [
    "Ollama, with a larger context configured than the model supports",
    fakeOllama({ trainedContext: 2048, loadedContext: 1024 }),
    { contextTokens: 9000 },
    { kind: "ollama", model: "qwen3:0.6b", contextTokens: 2048, notice: /is 9000.*limited to 2048 tokens/ },
  ],
  [
    "Ollama, with the tag :latest omitted",
    fakeOllama({ models: ["llama3.2:latest", "qwen3:0.6b"] }),
    { model: "llama3.2", contextTokens: 2000 },
    { kind: "ollama", model: "llama3.2:latest", contextTokens: 2000 },
  ],
  [
    "a server that does not report its context",
    replying(() => {}),
    {},
    { kind: "openai", model: "m", contextTokens: 4096, notice: /does not report its context size. 4096/ },
  ],
  [
    "a server that does not report its context, with the context configured",
    replying(() => {}),
    { contextTokens: 32000 },
    { kind: "openai", model: "m", contextTokens: 32000 },
  ],
  [
    "a server without a list, with the model configured",
    unlisted,
    { model: "mine", contextTokens: 1000 },
    { kind: "openai", model: "mine", contextTokens: 1000 },
  ],
  [
    "a server with two names for its model",
    (request, response) =>
      request.url === "/v1/models"
        ? sendJson(response, { data: [{ id: "b" }, { id: "a", aliases: ["small", 3], max_model_len: 700 }] })
        : sendJson(response, {}, 404),
    { model: "small" },
    { kind: "vllm", model: "a", contextTokens: 700 },
  ],
  [
    "invalid figures",
    (request, response) =>
      request.url === "/v1/models"
        ? sendJson(response, { data: [null, 3, {}, { id: "" }, { id: "m", max_model_len: -1, meta: { n_ctx: "9" } }] })
        : sendJson(response, { default_generation_settings: null, version: 3, data: {} }),
    {},
    { kind: "openai", model: "m", contextTokens: 4096, notice: /does not report/ },
  ],
];

describe("detects the kind of a server", () => {
  test.each(cases)("%s", async (_, answer, options, { notice, tools, ...found }) => {
    const { engine } = await openOn(answer, options);
    expect(engine.server).toMatchObject(found);
    expect(engine.contextTokens).toBe(found.contextTokens);
    if (tools !== undefined) expect(engine.server.abilities.tools).toBe(tools);
    expect(engine.server.notices).toEqual(notice === undefined ? [] : [expect.stringMatching(notice)]);
  });

  test("a vLLM adapter has the context of its base model", async () => {
    const data = [
      { id: "base", max_model_len: 5000 },
      { id: "adapter", parent: "base" },
    ];
    const { engine } = await openOn((_, response) => sendJson(response, { data }), { model: "adapter" });
    expect(engine.server).toMatchObject({ kind: "vllm", model: "adapter", contextTokens: 5000 });
  });

  test("under another base path", async () => {
    const vllm = fakeVllm();
    const { engine, server } = await openOn(
      (request, response) => vllm({ ...request, url: request.url.replace("/team%20a", "") }, response),
      { path: "/team a/v1/" },
    );
    expect(engine.server.kind).toBe("vllm");
    expect(server.requests.map(({ url }) => url)).toEqual(["/team%20a/v1/models"]);
  });
});

test.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])(
  "contextTokens: %s is rejected",
  async (contextTokens) => {
    expect(await failToOpen(fakeVllm(), { contextTokens })).toMatchObject({ code: "remote-settings-invalid" });
  },
);

describe("an unknown model", () => {
  test.each<[string, Answer, string | undefined, RegExp, RegExp | null]>([
    ["a wrong name", fakeVllm(), "gpt-4", /has no model "gpt-4"/, /Available: Qwen\/Qwen2.5-1.5B-Instruct\./],
    [
      "no name, and two models",
      fakeOllama({ models: ["a:1", "b:2"] }),
      undefined,
      /2 models, and engine.model is not set/,
      /a:1, b:2/,
    ],
    ["no name, and no models", fakeOllama({ models: [] }), undefined, /has no model/, null],
    ["no name, and no list", unlisted, undefined, /does not list its models/, null],
    [
      "a wrong name among hundreds with escape sequences",
      (_, response) =>
        sendJson(response, {
          data: Array.from({ length: 300 }, (_, index) => ({ id: `\u001b[31mmodel-${index}`, max_model_len: 9 })),
        }),
      "x",
      /has no model "x"/,
      /^Available: \[31mmodel-0, .*\[31mmodel-9 and 290 more\.$/,
    ],
  ])("%s", async (_, answer, model, message, reason) => {
    const error = (await failToOpen(answer, { model })) as RemoteEngineError;
    expect(error).toBeInstanceOf(RemoteEngineError);
    expect(error.code).toBe("remote-model-unknown");
    expect(error.message).toMatch(message);
    if (reason === null) expect(error.reason).toBeNull();
    else expect(error.reason).toMatch(reason);
    expect(error.hint).not.toBe("");
  });
});

describe("the server's key", () => {
  test("is sent with every request", async () => {
    const { engine, server } = await openOn(fakeLlamaServer({ apiKey: "sk-0123456789" }), {
      apiKey: " sk-0123456789\n",
    });
    expect(engine.server.kind).toBe("llama-server");
    await engine.countTokens("two words");
    expect(new Set(server.requests.map(({ headers }) => headers.authorization))).toEqual(
      new Set(["Bearer sk-0123456789"]),
    );
  });

  test.each([
    [undefined, /environment variable and set engine.api_key_env/],
    ["sk-wrong-key", /was rejected/],
  ])("%s is rejected", async (apiKey, hint) => {
    const error = await failToOpen(fakeLlamaServer({ apiKey: "sk-0123456789" }), { apiKey });
    expect(error).toMatchObject({ code: "remote-refused", status: 401, reason: "Invalid API Key" });
    expect((error as RemoteEngineError).hint).toMatch(hint);
  });

  test("is masked in errors even if the server repeats it", async () => {
    const apiKey = "sk-very-secret";
    const error = await failToOpen(
      (_, response) => sendJson(response, { error: { message: `The key ${apiKey} is not known` } }, 401),
      { apiKey },
    );
    expect(error).toMatchObject({ code: "remote-refused", reason: "The key *** is not known" });
    expect(JSON.stringify([error, (error as Error).stack, (error as Error).message])).not.toContain(apiKey);
  });

  test.each(["two words", "line\nbreak", "schlüssel"])("%j is not a valid key", async (apiKey) => {
    const error = await failToOpen(fakeVllm(), { apiKey });
    expect(error).toMatchObject({ code: "remote-settings-invalid" });
    expect((error as Error).message).not.toContain(apiKey);
  });

  test("does not show when the engine is inspected", async () => {
    const { inspect } = await import("node:util");
    const { engine } = await openOn(fakeVllm(), { apiKey: "sk-very-secret" });
    expect(inspect(engine, { depth: 9, showHidden: true })).not.toContain("sk-very-secret");
    expect(JSON.stringify(engine)).not.toContain("sk-very-secret");
  });
});
