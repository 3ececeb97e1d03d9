import { describe, expect, it } from "vitest";
import { cacheCells, kvCacheBytes, storesHeads } from "../../src/fit/kv-cache.js";
import type { TransformerShape } from "../../src/fit/transformer-shape.js";

const shape = (layerCount: number, kvHeads: number, headLength: number): TransformerShape => ({
  architecture: "llama",
  layerCount,
  embeddingLength: 64,
  queryLength: 64,
  keyHeadLength: headLength,
  valueHeadLength: headLength,
  kvHeadCounts: new Array<number>(layerCount).fill(kvHeads),
  feedForwardLength: 64,
  vocabularySize: 300,
  trainedTokens: 8192,
  isExact: true,
});

it.each([
  [1, 256],
  [256, 256],
  [257, 512],
  [2048, 2048],
  [8193, 8448],
])("%i tokens take %i cells", (tokens, cells) => {
  expect(cacheCells(tokens)).toBe(cells);
});

// Published: KiB that one token takes in f16.
it.each([
  ["Llama-3.2-1B", shape(16, 8, 64), 32],
  ["Llama-3.2-3B", shape(28, 8, 128), 112],
  ["Llama-3.1-8B", shape(32, 8, 128), 128],
  ["Qwen3-0.6B", shape(28, 8, 128), 112],
  ["Qwen3-4B", shape(36, 8, 128), 144],
  ["Qwen2.5-1.5B", shape(28, 2, 128), 28],
  ["SmolLM2-1.7B", shape(24, 32, 64), 192],
])("%s", (_, model, kibPerToken) => {
  expect(kvCacheBytes(model, 2048, "f16")).toBe(2048 * kibPerToken * 1024);
});

describe("quantized", () => {
  const model = shape(30, 3, 64);
  it.each([
    ["f16", 2],
    ["q8_0", 34 / 32],
    ["q4_0", 18 / 32],
  ])("%s takes %f bytes an element", (type, bytes) => {
    expect(kvCacheBytes(model, 512, type)).toBe(512 * 30 * 3 * 128 * bytes);
  });

  it("needs heads that fill whole blocks", () => {
    expect(storesHeads(shape(1, 1, 64), "q8_0")).toBe(true);
    expect(storesHeads(shape(1, 1, 48), "q8_0")).toBe(false);
    expect(storesHeads(shape(1, 1, 48), "f16")).toBe(true);
  });
});

it("adds up layers that differ", () => {
  const model = { ...shape(3, 0, 64), kvHeadCounts: [4, 0, 2] };
  expect(kvCacheBytes(model, 256, "f16")).toBe(256 * 6 * 128 * 2);
});
