import { describe, expect, it } from "vitest";
import { transformerShape } from "../../src/architectures/transformer-shape.js";
import { computeBuffer } from "../../src/fit/compute-buffer.js";
import { kvCacheBytes, recurrentStateBytes } from "../../src/fit/kv-cache.js";
import { architectureModel } from "../../src/testing/architecture-model.js";
import { ARCHITECTURE_MODELS } from "../../src/testing/known-models.js";
import { headerOf, headerOfContents } from "./header-of.js";
import { RECORDED_ARCHITECTURE_FIGURES } from "./recorded-architecture-figures.js";
import { RECORDED_FIGURES, RECORDED_SHAPES } from "./recorded-engine-figures.js";

const MIB = 2 ** 20;
const shapes = new Map(
  await Promise.all(
    Object.entries(RECORDED_SHAPES).map(
      async ([name, options]) =>
        [name, transformerShape(await headerOf({ contextTokens: 32_768, ...options }))] as const,
    ),
  ),
);
function shapeOf(name: string) {
  const shape = shapes.get(name);
  if (shape === undefined) throw new Error(`Unknown shape ${name}`);
  return shape;
}

describe("KV cache and compute buffer equal the engine's figures to the byte", () => {
  it.each(RECORDED_FIGURES)(
    "$shape, $contextTokens tokens, batch $batchTokens, $kvType",
    ({ shape, bytes, ...settings }) => {
      const { reservedBytes } = computeBuffer(shapeOf(shape), settings);
      const kvBytes = kvCacheBytes(shapeOf(shape), settings);
      expect(kvBytes + reservedBytes).toBe(bytes);
    },
  );
});

describe("with windows, experts, latent and recurrent layers, they equal the engine's figures too", () => {
  describe.each(Object.entries(ARCHITECTURE_MODELS))("%s", (name, [architecture, figures]) => {
    const header = headerOfContents(architectureModel(architecture, figures));
    const recorded = RECORDED_ARCHITECTURE_FIGURES.filter(({ shape }) => shape === name);

    it.each(recorded)(
      "$contextTokens tokens, batch $batchTokens, $kvType",
      async ({ bytes, contextTokens, batchTokens, kvType }) => {
        const settings = { contextTokens, batchTokens, kvType };
        const shape = transformerShape(await header);
        expect(shape.isExact).toBe(true);
        const { reservedBytes } = computeBuffer(shape, settings);
        expect(kvCacheBytes(shape, settings) + recurrentStateBytes(shape) + reservedBytes).toBe(bytes);
      },
    );
  });
});

// Logged by llama.cpp on phones with n_ctx 2048 and a batch of 512 tokens.
describe("published figures", () => {
  it.each([
    ["Qwen2.5-1.5B", 302.75, 56],
    ["Qwen3-1.7B", 304.75, 224],
  ])("%s", (name, computeMib, kvMib) => {
    const settings = { contextTokens: 2048, batchTokens: 512, kvType: "f16" };
    expect(computeBuffer(shapeOf(name), settings).reservedBytes / MIB).toBeCloseTo(computeMib, 1);
    expect(kvCacheBytes(shapeOf(name), settings) / MIB).toBe(kvMib);
  });

  it("SmolLM2-1.7B", async () => {
    const header = await headerOf({
      embeddingLength: 2048,
      layerCount: 24,
      headCount: 32,
      kvHeadCount: 32,
      feedForwardLength: 8192,
      vocabularySize: 49_152,
    });
    const shape = transformerShape(header);
    const settings = { contextTokens: 2048, batchTokens: 512, kvType: "f16" };
    expect(computeBuffer(shape, settings).reservedBytes / MIB).toBeCloseTo(104, 1);
    expect(kvCacheBytes(shape, settings) / MIB).toBe(384);
  });
});

describe("resident bytes", () => {
  it("are a few MB although 96 MB are reserved for the logits of every token", () => {
    const { reservedBytes, residentBytes } = computeBuffer(shapeOf("SmolLM2-135M"), {
      contextTokens: 2048,
      batchTokens: 512,
      kvType: "f16",
    });
    expect(reservedBytes / MIB).toBeGreaterThan(96);
    expect(residentBytes / MIB).toBeLessThan(15);
  });

  it("grow with the context and with the batch", () => {
    const resident = (contextTokens: number, batchTokens: number) =>
      computeBuffer(shapeOf("SmolLM2-135M"), { contextTokens, batchTokens, kvType: "f16" }).residentBytes;
    expect(resident(8192, 64)).toBeGreaterThan(resident(2048, 64));
    expect(resident(2048, 64)).toBeGreaterThan(resident(2048, 16));
    expect(resident(16, 64)).toBe(resident(16, 16));
  });
});
