import { defineTool, NanoRuntime } from "@nanoagent/runtime";
import { ScriptedEngine, testEngine } from "@nanoagent/runtime/testing";
import { describe, expect, test } from "vitest";
import { sampleConfig } from "../../sample-config.js";
import { type Answer, sendJson, sleep } from "./fake-server.js";
import { fakeLlamaServer, fakeOllama, fakeVllm } from "./fake-servers.js";
import { openOn } from "./open-engine.js";

/** Embedding of a text: counts of some letters. */
const vectorOf = (text: string) => [..."aeionrst"].map((letter) => text.split(letter).length);

/** Adds embeddings to another fake server. */
const embedding =
  (base: Answer): Answer =>
  (request, response) => {
    const input = request.body.input as string[];
    if (request.url === "/api/embed") return sendJson(response, { model: "m", embeddings: input.map(vectorOf) });
    if (request.url !== "/v1/embeddings") return base(request, response);
    // Some servers send embeddings out of order.
    const data = input.map((text, index) => ({ object: "embedding", index, embedding: vectorOf(text) })).reverse();
    return sendJson(response, { object: "list", data });
  };

describe.each([
  ["llama-server", fakeLlamaServer, "/v1/embeddings"],
  ["vLLM", fakeVllm, "/v1/embeddings"],
  ["Ollama", fakeOllama, "/api/embed"],
] as const)("embeddings of %s", (_, fake, url) => {
  testEngine(async () => (await openOn(embedding(fake()))).engine, test);

  test("are requested in batches and returned in the order of the texts", async () => {
    const { engine, server } = await openOn(embedding(fake()));
    const texts = Array.from({ length: 40 }, (_, index) => `${"a".repeat(index)} text`);
    const vectors = await engine.embed(texts);
    for (const [index, text] of texts.entries()) {
      const length = Math.hypot(...vectorOf(text));
      expect(vectors[index]).toEqual(vectorOf(text).map((number) => number / length));
    }
    const asked = server.requests.filter((request) => request.url === url);
    expect(asked.map(({ body }) => (body.input as string[]).length)).toEqual([16, 16, 8]);
  });

  test.each([404, 405, 501])("are not supported by a server that answers with %i", async (status) => {
    const base = fake();
    const answer: Answer = (request, response) =>
      request.url === url ? sendJson(response, { error: { message: "no" } }, status) : base(request, response);
    const { engine } = await openOn(answer);
    await expect(engine.embed(["a"])).rejects.toMatchObject({ code: "embeddings-not-supported" });
  });

  test("are not supported by a server that reports that with status 200", async () => {
    const base = fake();
    const answer: Answer = (request, response) =>
      request.url === url ? sendJson(response, { error: "Unexpected endpoint" }) : base(request, response);
    const { engine } = await openOn(answer);
    await expect(engine.embed(["a"])).rejects.toMatchObject({ code: "embeddings-not-supported" });
  });

  const wrong: Record<string, unknown> = {
    nothing: {},
    text: "vectors",
    "a list of numbers": { data: [1, 2], embeddings: [1, 2] },
    "too few": { data: [{ embedding: [1] }], embeddings: [[1]] },
    "two sizes": { data: [{ embedding: [1] }, { embedding: [1, 2] }], embeddings: [[1], [1, 2]] },
    "two of one text": { data: [0, 0].map((index) => ({ index, embedding: [1] })), embeddings: [[1]] },
    "a far index": { data: [1e9, -1].map((index) => ({ index, embedding: [1] })), embeddings: [[]] },
    texts: { data: [{ embedding: ["1"] }, { embedding: ["2"] }], embeddings: [["1"], ["2"]] },
    zeros: { data: [{ embedding: [0] }, { embedding: [0] }], embeddings: [[0], [0]] },
    null: null,
  };
  test.each(Object.entries(wrong))("that are %s are an error", async (_, value) => {
    const base = fake();
    const answer: Answer = (request, response) =>
      request.url === url ? sendJson(response, value) : base(request, response);
    const { engine } = await openOn(answer);
    await expect(engine.embed(["a", "b"])).rejects.toMatchObject({
      code: expect.stringMatching(/^(remote-protocol|engine-failed)$/),
    });
  });

  test("are canceled by an abort and by closing the engine", async () => {
    const base = fake();
    const answer: Answer = (request, response) => (request.url === url ? sleep(60_000) : base(request, response));
    const { engine } = await openOn(answer);
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 20);
    await expect(engine.embed(["a"], { signal: abort.signal })).rejects.toMatchObject({ code: "aborted" });
    setTimeout(() => void engine.close(), 20);
    await expect(engine.embed(["a"])).rejects.toMatchObject({ code: "engine-closed" });
  });
});

test("an agent embeds with its engine, or reports that it cannot", async () => {
  const { engine } = await openOn(embedding(fakeVllm()));
  await using runtime = new NanoRuntime({ engine });
  await runtime.load(sampleConfig());
  expect(await runtime.embed(["a", "b"])).toEqual(await engine.embed(["a", "b"]));
  await expect(runtime.embed([" "])).rejects.toMatchObject({ code: "invalid-embedding-texts" });
  await expect(runtime.embed(["a"], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
  await using other = new NanoRuntime({ engine: new ScriptedEngine() });
  await expect(other.embed(["a"])).rejects.toMatchObject({ code: "not-loaded" });
  await other.load(sampleConfig());
  await expect(other.embed(["a"])).rejects.toMatchObject({ code: "embeddings-not-supported" });
});

test("a tool may embed texts while its turn waits", async () => {
  const { engine } = await openOn(embedding(fakeVllm()));
  const vectors: number[][] = [];
  const scripted = Object.assign(
    new ScriptedEngine([{ calls: [{ id: "1", name: "find", arguments: {} }] }, "Found."]),
    {
      embed: engine.embed.bind(engine),
    },
  );
  const runtime = new NanoRuntime({
    engine: scripted,
    tools: [
      defineTool({
        name: "find",
        description: "Finds.",
        input: { type: "object", properties: {} },
        changesWorld: false,
        run: async () => {
          vectors.push(...(await runtime.embed(["a"])));
          return "ok";
        },
      }),
    ],
  });
  await runtime.load(sampleConfig());
  expect((await runtime.process("find it")).content).toBe("Found.");
  expect(vectors).toHaveLength(1);
  await runtime.unload();
});
