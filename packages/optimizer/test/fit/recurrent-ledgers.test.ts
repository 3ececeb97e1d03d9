import { describe, expect, it } from "vitest";
import { memoryLedger } from "../../src/index.js";
import { type RecurrentArchitecture, recurrentModel } from "../../src/testing/recurrent-model.js";
import { tinyGguf } from "../../src/testing/tiny-gguf.js";
import { headerOfContents } from "./header-of.js";

/**
 * llama.cpp's own figures for cache, state and compute buffer, in MB of 2^20 bytes, from log messages of the add-on in
 * @node-llama-cpp/linux-x64 3.22.1 for these models in full-length sparse files. Each row: architecture, embedding
 * length, layers, vocabulary, context, batch, and the three figures.
 */
const FIGURES: [RecurrentArchitecture, number, number, number, number, number, number, number, number][] = [
  ["falcon-h1", 512, 4, 2048, 512, 16, 1, 2.06, 1.05],
  ["falcon-h1", 512, 4, 2048, 2048, 64, 4, 2.06, 2.83],
  ["falcon-h1", 512, 4, 2048, 4096, 512, 8, 2.06, 20.56],
  ["falcon-h1", 1024, 8, 32000, 512, 16, 2, 8.21, 2.16],
  ["falcon-h1", 1024, 8, 32000, 2048, 64, 8, 8.21, 8.56],
  ["falcon-h1", 1024, 8, 32000, 4096, 512, 16, 8.21, 66.5],
  ["mamba", 512, 4, 2048, 512, 16, 0, 0.3, 0.49],
  ["mamba", 512, 4, 2048, 2048, 64, 0, 0.3, 1.71],
  ["mamba", 512, 4, 2048, 4096, 512, 0, 0.3, 13.09],
  ["mamba", 1024, 8, 32000, 512, 16, 0, 1.19, 2.14],
  ["mamba", 1024, 8, 32000, 2048, 64, 0, 1.19, 8.56],
  ["mamba", 1024, 8, 32000, 4096, 512, 0, 1.19, 68.5],
  ["mamba2", 512, 4, 2048, 512, 16, 0, 2.06, 1.0],
  ["mamba2", 512, 4, 2048, 2048, 64, 0, 2.06, 2.41],
  ["mamba2", 512, 4, 2048, 4096, 512, 0, 2.06, 14.56],
  ["mamba2", 1024, 8, 32000, 512, 16, 0, 8.21, 2.14],
  ["mamba2", 1024, 8, 32000, 2048, 64, 0, 8.21, 8.56],
  ["mamba2", 1024, 8, 32000, 4096, 512, 0, 8.21, 68.5],
  ["granitehybrid", 512, 4, 2048, 512, 16, 0.25, 1.54, 1.0],
  ["granitehybrid", 512, 4, 2048, 2048, 64, 1, 1.54, 2.6],
  ["granitehybrid", 512, 4, 2048, 4096, 512, 2, 1.54, 18.57],
  ["granitehybrid", 1024, 8, 32000, 512, 16, 0.5, 7.18, 2.31],
  ["granitehybrid", 1024, 8, 32000, 2048, 64, 2, 7.18, 9.09],
  ["granitehybrid", 1024, 8, 32000, 4096, 512, 4, 7.18, 66.5],
  ["jamba", 512, 4, 2048, 512, 16, 0.25, 0.22, 0.51],
  ["jamba", 512, 4, 2048, 2048, 64, 1, 0.22, 1.96],
  ["jamba", 512, 4, 2048, 4096, 512, 2, 0.22, 17.1],
  ["jamba", 1024, 8, 32000, 512, 16, 0.5, 1.04, 2.16],
  ["jamba", 1024, 8, 32000, 2048, 64, 2, 1.04, 8.31],
  ["jamba", 1024, 8, 32000, 4096, 512, 4, 1.04, 80.51],
  ["nemotron_h", 512, 4, 2048, 512, 16, 0.25, 1.03, 1.0],
  ["nemotron_h", 512, 4, 2048, 2048, 64, 1, 1.03, 2.6],
  ["nemotron_h", 512, 4, 2048, 4096, 512, 2, 1.03, 18.57],
  ["nemotron_h", 1024, 8, 32000, 512, 16, 0.25, 5.13, 2.16],
  ["nemotron_h", 1024, 8, 32000, 2048, 64, 1, 5.13, 9.06],
  ["nemotron_h", 1024, 8, 32000, 4096, 512, 2, 5.13, 68.5],
];
const MB = 2 ** 20;
/** Rounding of the log messages: a hundredth of an MB. */
const ROUNDING_MB = 0.006;

describe("recurrent layers", () => {
  it.each(FIGURES)(
    "%s of %i in %i layers, %i tokens, context %i, batch %i",
    async (architecture, embeddingLength, layerCount, vocabularySize, contextTokens, batchTokens, kv, state, compute) => {
      const header = await headerOfContents(
        recurrentModel(architecture, { embeddingLength, layerCount, vocabularySize }),
      );
      const loading = { contextTokens, batchTokens, kvType: "f16", mapsFile: true, cpuFeatures: [] };
      const { lines } = memoryLedger({ ...loading, header });
      const mbOf = (name: string) => (lines.find((line) => line.name === name)?.reserved_bytes ?? 0) / MB;
      expect(Math.abs(mbOf("kv-cache") - kv)).toBeLessThan(ROUNDING_MB);
      expect(Math.abs(mbOf("recurrent-state") - state)).toBeLessThan(ROUNDING_MB);
      // An estimate: never below the real figure, and above it by less than half of the three figures.
      expect(mbOf("compute-buffer")).toBeGreaterThan(compute);
      expect(mbOf("compute-buffer") - compute).toBeLessThan(0.4 * (kv + state + compute));
      expect(lines.find(({ name }) => name === "compute-buffer")?.explanation).toContain("an estimate");
    },
  );

  it("of RWKV, whose header has no head count, get an estimate", async () => {
    for (const architecture of ["rwkv6", "rwkv7", "rwkv6qwen2", "arwkv7"]) {
      const contents = tinyGguf();
      const renamed = Object.entries(contents.metadata)
        .filter(([key]) => !key.includes("head_count"))
        .map(([key, value]) => [key.replace(/^llama\./, `${architecture}.`), value] as const);
      const header = await headerOfContents({
        ...contents,
        metadata: {
          ...Object.fromEntries(renamed),
          "general.architecture": { type: "text", value: architecture },
          [`${architecture}.wkv.head_size`]: { type: "uint32", value: 16 },
        },
      });
      const loading = { contextTokens: 512, batchTokens: 16, kvType: "f16", mapsFile: true, cpuFeatures: [] };
      const { lines } = memoryLedger({ ...loading, header });
      expect(lines.find(({ name }) => name === "kv-cache")).toBeUndefined();
      const state = lines.find(({ name }) => name === "recurrent-state");
      // Two layers, each with two shifted tokens of 64 numbers and a state of 64 × 16.
      expect(state?.reserved_bytes).toBe(2 * (2 * 64 + 64 * 16) * 4);
      expect(state?.explanation).toContain("an estimate");
    }
  });
});
