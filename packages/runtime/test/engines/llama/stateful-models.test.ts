import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { readGguf } from "@nanoagent/optimizer";
import { buildStatefulGguf, buildTinyGguf, type StatefulArchitecture } from "@nanoagent/optimizer/testing";
import type { EngineEvent, EngineMessage } from "@nanoagent/runtime";
import { LlamaEngine, type LlamaEngineOptions } from "@nanoagent/runtime/engines/llama";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KeptStates } from "../../../src/engines/llama/kept-states.js";
import { LoadedModel } from "../../../src/engines/llama/loaded-model.js";
import { PromptCache } from "../../../src/engines/llama/prompt-cache.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { hasAddon, loadOptions } from "./tiny-model.js";

const stateful: StatefulArchitecture[] = ["mamba2", "granitehybrid", "lfm2", "qwen35", "gemma3"];
const architectures = ["llama", ...stateful] as const;
const realModel = process.env.NANOAGENT_TEST_MODEL ?? "";
const ROUNDING = 1e-5;
const instructions = "You are a kind assistant for the plants of a greenhouse. ".repeat(10);

describe.skipIf(!hasAddon)("models that keep a state, or windows, and others (needs llama.cpp's package)", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
    await mkdir(path.join(folder, "caches"));
    for (const architecture of architectures) {
      const bytes = architecture === "llama" ? buildTinyGguf() : buildStatefulGguf(architecture);
      await writeFile(path.join(folder, `${architecture}.gguf`), bytes);
    }
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function optionsOf(file: string): Promise<LlamaEngineOptions> {
    const { shape } = await readGguf(file);
    return { ...(await loadOptions(file, { contextTokens: 2048 })), windowTokens: shape.sliding_window };
  }
  const fileOf = (architecture: string) => path.join(folder, `${architecture}.gguf`);

  /** A context, evaluated without an engine around it. */
  async function openCache(architecture: string) {
    const loaded = await LoadedModel.open({ ...(await optionsOf(fileOf(architecture))), threads: 1 });
    // In batches of another size, the same tokens have slightly different results.
    const cache = new PromptCache(loaded, { batchTokens: 1 });
    const kept = new KeptStates(cache, loaded, { caches: path.join(folder, "caches"), keepsAll: true });
    const ranking = new loaded.addon.AddonSampler(loaded.vocabulary);
    ranking.applyConfig({ temperature: 1, topK: 2000, topP: 1, minP: 0, seed: 0 });
    const tokenize = (text: string) => loaded.vocabulary.tokenize(text, true);
    /** Evaluates tokens. Returns the number of known ones, and the probabilities of all next tokens. */
    const readTokens = async (tokens: readonly number[]) => {
      const known = kept.keepCommonPrefix(tokens);
      await kept.prefill(tokens, () => false);
      const ranked = await loaded.rank(cache.logitIndex, ranking);
      return { tokens, known, next: new Map(ranked.map(({ token, probability }) => [token, probability])) };
    };
    return {
      readTokens,
      async read(text: string) {
        await kept.select(text, tokenize);
        const read = await readTokens(cache.tokensOf(text, tokenize));
        cache.mark(text, cache.length);
        return read;
      },
      async close() {
        await kept.close();
        ranking.dispose();
        await loaded.close();
      },
    };
  }

  test.each(architectures)("%s: the next token is the same with a loaded state as without", async (architecture) => {
    const texts = ["Ada", "Ben", "Cleo", "Ada", "Ben", "Dan", "Ada"].map(
      (name, turn) => `${instructions}${name} says: ${`${name} has a dry bed. `.repeat(6 + turn)}`,
    );
    const one = await openCache(architecture);
    let known = 0;
    for (const text of texts) {
      const kept = await one.read(text);
      known += kept.known;
      const fresh = await openCache(architecture);
      const { next } = await fresh.readTokens(kept.tokens);
      await fresh.close();
      const differences = [...next].map(([token, probability]) => Math.abs((kept.next.get(token) ?? 0) - probability));
      expect(Math.max(...differences), text.slice(instructions.length)).toBeLessThan(ROUNDING);
    }
    await one.close();
    expect(known).toBeGreaterThan(0);
  });

  test("a model with windows is not continued where cells of its windows are missing", async () => {
    const loaded = await LoadedModel.open({ ...(await optionsOf(fileOf("gemma3"))), threads: 1 });
    const tokens = Array.from({ length: 600 }, (_, index) => 3 + ((index * 7919) % 500));
    for (let at = 0; at < tokens.length; at += 60) await loaded.evaluate(at, tokens.slice(at, at + 60));
    expect([590, 520].map((position) => loaded.removeFrom(position))).toEqual([true, true]);
    expect([300, 100].map((position) => loaded.removeFrom(position))).toEqual([false, false]);
    expect(loaded.removeFrom(0)).toBe(true);
    await loaded.close();
  });

  const files: [string, () => string][] = [
    ...architectures.map((name): [string, () => string] => [name, () => fileOf(name)]),
    ...(realModel === "" ? [] : [["a real model", () => realModel] as [string, () => string]]),
  ];

  test.each(files)("%s: conversations that alternate keep their instructions", async (_, file) => {
    const keptStates = { caches: await temporaryFolder(), keepsAll: true };
    const engine = await LlamaEngine.open({ ...(await optionsOf(file())), keptStates });
    const ask = async (messages: readonly EngineMessage[]) => {
      const events: EngineEvent[] = [];
      const sampling = { temperature: 0, maxTokens: 8 };
      for await (const event of engine.generate({ instructions, messages, sampling })) events.push(event);
      const usage = events.flatMap((event) => (event.type === "usage" ? [event.usage] : []))[0];
      const text = events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");
      return { cached: usage?.cached_prompt_tokens ?? 0, text };
    };
    const conversations: Record<string, EngineMessage[]> = { Ada: [], Ben: [], Cleo: [] };
    const least = engine.countTokens(instructions.trim());
    let evaluations = 0;
    for (const [turn, name] of ["Ada", "Ben", "Cleo", "Ada", "Ben", "Ada", "Cleo", "Ben"].entries()) {
      const messages = conversations[name] as EngineMessage[];
      messages.push({ role: "user", content: `${name}, turn ${turn}: how is the bed?` });
      const { cached, text } = await ask(messages);
      messages.push({ role: "assistant", content: text });
      if (cached < least) evaluations += 1;
    }
    // The second time, the first conversation that cannot be cut shows what is shared.
    expect(evaluations).toBeLessThanOrEqual(2);
    await engine.close();
    expect(await readdir(path.join(keptStates.caches, "nanoagent", "engine-states"))).toEqual([]);
  });

  test("a plain model keeps the instructions without any state on disk", async () => {
    const engine = await LlamaEngine.open(await optionsOf(fileOf("llama")));
    const least = engine.countTokens(instructions.trim());
    for (const [turn, name] of ["Ada", "Ben", "Ada", "Ben"].entries()) {
      const messages: EngineMessage[] = [{ role: "user", content: `${name}: how is the bed?` }];
      for await (const event of engine.generate({ instructions, messages, sampling: { maxTokens: 4 } })) {
        if (event.type === "usage" && turn > 0) expect(event.usage.cached_prompt_tokens).toBeGreaterThanOrEqual(least);
      }
    }
    await engine.close();
  });
});
