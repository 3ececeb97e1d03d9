import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { EngineEvent } from "@nanoagent/runtime";
import { LlamaEngine, type LlamaEngineOptions } from "@nanoagent/runtime/engines/llama";
import { testEngine } from "@nanoagent/runtime/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasAddon, loadOptions, tinyModel } from "./tiny-model.js";

const modelPath = process.env.NANOAGENT_TEST_MODEL ?? "";

async function textOf(engine: LlamaEngine): Promise<string> {
  const request = {
    instructions: null,
    messages: [{ role: "user" as const, content: "hello" }],
    sampling: { temperature: 0, maxTokens: 12 },
  };
  const events: EngineEvent[] = [];
  for await (const event of engine.generate(request)) events.push(event);
  return events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");
}

const product = (one: readonly number[] = [], other: readonly number[] = []) =>
  one.reduce((sum, number, index) => sum + number * (other[index] ?? 0), 0);

describe.skipIf(!hasAddon)("embeddings of a model with random weights (needs llama.cpp's package)", () => {
  let folder: string;
  let options: LlamaEngineOptions;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
    options = await tinyModel({}, { contextTokens: 256 }, folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  // The whole contract holds for an engine whose context was released and recreated.
  testEngine(async () => {
    const engine = await LlamaEngine.open(options);
    await engine.embed(["first"]);
    return engine;
  }, test);

  test("do not depend on the other texts, and do not change replies", async () => {
    const engine = await LlamaEngine.open(options);
    const before = await textOf(engine);
    const texts = ["a", "one two three", "word ".repeat(60), "Grüße 世界"];
    const together = await engine.embed(texts);
    for (const [index, text] of texts.entries()) {
      const [alone] = await engine.embed([text]);
      expect(product(alone, together[index])).toBeCloseTo(1, 4);
    }
    expect(new Set(together.map((vector) => vector.map((number) => number.toFixed(3)).join())).size).toBe(texts.length);
    expect(await textOf(engine)).toBe(before);
    await engine.close();
  });

  test("of a text longer than the context are refused, and the engine still works", async () => {
    const engine = await LlamaEngine.open(options);
    await expect(engine.embed(["word ".repeat(5000)])).rejects.toMatchObject({ code: "context-exceeded" });
    await expect(engine.embed(Array.from({ length: 257 }, () => "a"))).rejects.toMatchObject({
      code: "invalid-embedding-texts",
    });
    await expect(engine.embed(["x".repeat(2 ** 20 + 1)])).rejects.toMatchObject({ code: "invalid-embedding-texts" });
    expect((await engine.embed(["word"]))[0]?.length).toBeGreaterThan(0);
    await engine.close();
  });

  test("stop at an abort, also during replies", async () => {
    const engine = await LlamaEngine.open(options);
    const before = await textOf(engine);
    const abort = new AbortController();
    const replies = [textOf(engine), textOf(engine)];
    const many = engine.embed(
      Array.from({ length: 200 }, (_, index) => `text ${index}`),
      { signal: abort.signal },
    );
    setTimeout(() => abort.abort(), 20);
    await expect(many).rejects.toMatchObject({ code: "aborted" });
    expect(await Promise.all([...replies, textOf(engine)])).toEqual([before, before, before]);
    await engine.close();
  });
});

test.skipIf(modelPath === "")(
  "a real model's embeddings of similar texts are closer (set NANOAGENT_TEST_MODEL to run it)",
  async () => {
    const engine = await LlamaEngine.open(await loadOptions(modelPath));
    const [dog, puppy, tax] = await engine.embed([
      "The dog runs across the green meadow.",
      "A puppy is running over the grass.",
      "Value added tax is due on the tenth.",
    ]);
    expect(product(dog, puppy)).toBeGreaterThan(product(dog, tax));
    await engine.close();
  },
);
