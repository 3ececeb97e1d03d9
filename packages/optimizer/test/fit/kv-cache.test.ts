import { describe, expect, it } from "vitest";
import type { LayerShape } from "../../src/architectures/layer-shape.js";
import type { TransformerShape } from "../../src/architectures/transformer-shape.js";
import { cacheCells, kvCacheBytes, kvCacheGroups, storesHeads, windowCells } from "../../src/fit/kv-cache.js";

const layer = (kvHeadCount: number, headLength: number, windowTokens: number | null = null): LayerShape => ({
  mixer: {
    kind: "attention",
    headCount: Math.max(1, kvHeadCount),
    kvHeadCount,
    keyHeadLength: headLength,
    valueHeadLength: headLength,
    windowTokens,
    ownsCache: true,
  },
  feedForward: { length: 64, expertCount: 0, usedExperts: 0, sharedLength: 0 },
});
const modelOf = (layers: readonly LayerShape[]): TransformerShape => ({
  architecture: "llama",
  family: {},
  layers,
  embeddingLength: 64,
  vocabularySize: 300,
  trainedTokens: 8192,
  isExact: true,
});
const shape = (layerCount: number, kvHeads: number, headLength: number) =>
  modelOf(new Array<LayerShape>(layerCount).fill(layer(kvHeads, headLength)));
const f16 = (contextTokens: number, batchTokens = 64) => ({ contextTokens, batchTokens, kvType: "f16" });

it.each([
  [1, 256],
  [256, 256],
  [257, 512],
  [2048, 2048],
  [8193, 8448],
])("%i tokens need %i cells", (tokens, cells) => {
  expect(cacheCells(tokens)).toBe(cells);
});

// Published figures: KiB per token in f16.
it.each([
  ["Llama-3.2-1B", shape(16, 8, 64), 32],
  ["Llama-3.2-3B", shape(28, 8, 128), 112],
  ["Llama-3.1-8B", shape(32, 8, 128), 128],
  ["Qwen3-0.6B", shape(28, 8, 128), 112],
  ["Qwen3-4B", shape(36, 8, 128), 144],
  ["Qwen2.5-1.5B", shape(28, 2, 128), 28],
  ["SmolLM2-1.7B", shape(24, 32, 64), 192],
])("%s", (_, model, kibPerToken) => {
  expect(kvCacheBytes(model, f16(2048))).toBe(2048 * kibPerToken * 1024);
});

describe("quantized", () => {
  const model = shape(30, 3, 64);
  it.each([
    ["f16", 2],
    ["q8_0", 34 / 32],
    ["q4_0", 18 / 32],
  ])("%s needs %f bytes per element", (type, bytes) => {
    expect(kvCacheBytes(model, { ...f16(512), kvType: type })).toBe(512 * 30 * 3 * 128 * bytes);
  });

  it("needs heads that fill whole blocks", () => {
    expect(storesHeads(shape(1, 1, 64), "q8_0")).toBe(true);
    expect(storesHeads(shape(1, 1, 48), "q8_0")).toBe(false);
    expect(storesHeads(shape(1, 1, 48), "f16")).toBe(true);
  });
});

it("adds up different layers", () => {
  const model = modelOf([layer(4, 64), layer(0, 64), layer(2, 64)]);
  expect(kvCacheBytes(model, f16(256))).toBe(256 * 6 * 128 * 2);
});

it("stores the window and one batch for layers with a window", () => {
  expect(windowCells(512, f16(8192))).toBe(768);
  expect(windowCells(512, f16(8192, 512))).toBe(1024);
  expect(windowCells(4096, f16(2048))).toBe(2048);
  const groups = kvCacheGroups(modelOf([layer(1, 256, 512), layer(1, 256), layer(1, 256, 512)]), f16(8192));
  expect(groups.map(({ layerCount, cells, bytes }) => [layerCount, cells, bytes])).toEqual([
    [2, 768, 2 * 768 * 512 * 2],
    [1, 8192, 8192 * 512 * 2],
  ]);
});
