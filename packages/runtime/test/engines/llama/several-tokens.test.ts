import path from "node:path";
import { writeKnownModel } from "@nanoagent/optimizer/testing";
import { describe, expect, test } from "vitest";
import type { SamplingOptions } from "../../../src/engines/engine.js";
import { Drafts, type Payoff } from "../../../src/engines/llama/drafts.js";
import { schemaToGrammar } from "../../../src/engines/llama/grammar/schema-to-grammar.js";
import { LoadedModel } from "../../../src/engines/llama/loaded-model.js";
import { PromptCache } from "../../../src/engines/llama/prompt-cache.js";
import { TokenSampler } from "../../../src/engines/llama/token-sampler.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { alwaysDrafts } from "./drafting-model.js";
import { hasAddon, tinyModel } from "./tiny-model.js";

const neverDrafts: Payoff = { ...alwaysDrafts, draftTokens: () => 0, paysTogether: () => false };

interface Reply {
  tokens: number[];
  /** Tokens of each batch after the prompt. */
  batches: number[];
}

/** Writes a reply with a limited number of tokens. */
async function write(
  loaded: LoadedModel,
  {
    payoff,
    sampling,
    grammar = null,
    prompt,
  }: { payoff: Payoff; sampling: SamplingOptions; grammar?: string | null; prompt: string },
): Promise<Reply> {
  const batches: number[] = [];
  const counting = {
    evaluate: (position: number, tokens: readonly number[]) => loaded.evaluate(position, tokens),
    evaluateEach: (position: number, tokens: readonly number[], from: number) => {
      batches.push(tokens.length);
      return loaded.evaluateEach(position, tokens, from);
    },
    removeFrom: (position: number) => loaded.removeFrom(position),
  };
  loaded.removeFrom(0);
  const cache = new PromptCache(counting, { batchTokens: 64 });
  const drafts = new Drafts(cache, { batchTokens: 64, payoff });
  await cache.prefill([...loaded.vocabulary.tokenize(prompt, false)], () => false);
  const sampler = new TokenSampler({ loaded, cache, drafts }, sampling, grammar);
  const tokens: number[] = [];
  for (let left = 60; left > 0; left--) {
    const token = await sampler.next();
    if (token === null || loaded.vocabulary.isEogToken(token)) break;
    tokens.push(token);
    await sampler.accept(token, left - 1);
  }
  sampler.close();
  return { tokens, batches };
}

describe.skipIf(!hasAddon)("with llama.cpp (needs its package)", () => {
  const samplings: [string, SamplingOptions][] = [
    ["the most likely tokens", { temperature: 0, repeatPenalty: 1 }],
    ["a repeat penalty", { temperature: 0, repeatPenalty: 1.3 }],
    ...[1, 2, 3, 4].map((seed): [string, SamplingOptions] => [`seed ${seed}`, { temperature: 0.6, topK: 3, seed }]),
  ];
  test.each(samplings)("a reply with drafts equals a plain one: %s", async (_, sampling) => {
    const loaded = await LoadedModel.open({ ...(await tinyModel()), threads: 1 });
    const prompt = "one two three four one two three five one two";
    const plain = await write(loaded, { payoff: neverDrafts, sampling, prompt });
    const drafted = await write(loaded, { payoff: alwaysDrafts, sampling, prompt });
    expect(drafted.tokens).toEqual(plain.tokens);
    expect(plain.batches.every((size) => size === 1)).toBe(true);
    expect(drafted.batches.some((size) => size > 1)).toBe(true);
    await loaded.close();
  });

  test("forced text of a schema is evaluated together, and the reply satisfies the schema", async () => {
    const loaded = await LoadedModel.open({ ...(await tinyModel()), threads: 1 });
    const schema = {
      type: "object",
      properties: { temperature: { enum: [1, 20] }, unit: { const: "celsius" }, place: { enum: ["hall", "kitchen"] } },
      required: ["temperature", "unit", "place"],
      additionalProperties: false,
    };
    const grammar = schemaToGrammar(schema);
    for (const payoff of [alwaysDrafts, neverDrafts]) {
      const { tokens, batches } = await write(loaded, {
        payoff,
        sampling: { temperature: 0 },
        grammar,
        prompt: "A place.",
      });
      const text = loaded.vocabulary.detokenize(Uint32Array.from(tokens), true).trim();
      expect(text).toMatch(/^\{"temperature": (1|20), "unit": "celsius", "place": "(hall|kitchen)"\}$/);
      // The end is not evaluated, because nothing depends on it.
      expect(batches.reduce((sum, size) => sum + size, 0)).toBeLessThan(tokens.length);
      expect(batches.some((size) => size > 4)).toBe(payoff === alwaysDrafts);
    }
    await loaded.close();
  });

  test.each([
    ["LFM2-350M", false],
    ["Gemma-3-270M", true],
  ])("%s is tested in advance for whether it can remove tokens from the end: %s", async (name, canForget) => {
    const modelPath = path.join(await temporaryFolder(), "model.gguf");
    await writeKnownModel(modelPath, name);
    const options = { modelPath, contextTokens: 256, batchTokens: 32, threads: 1, mapsFile: true };
    const loaded = await LoadedModel.open(options);
    const cache = new PromptCache(loaded, { batchTokens: 32 });
    await cache.prefill([5, 6, 7, 8], () => false);
    expect(cache.tryForgettingEnd()).toBe(canForget ? 8 : null);
    expect(cache.canForgetEnd).toBe(canForget);
    // The model continues from exactly the tokens in the cache.
    await cache.append(canForget ? [8, 9] : [9]);
    expect(cache.content.tokens).toEqual([5, 6, 7, 8, 9]);
    await loaded.close();
  });
});
