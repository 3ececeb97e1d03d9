import { expect, it } from "vitest";
import { repackedTensors } from "../../src/fit/repacked-tensors.js";
import { headerOf } from "./header-of.js";

const MIB = 2 ** 20;
const qwen3 = {
  architecture: "qwen3",
  embeddingLength: 1024,
  layerCount: 28,
  headCount: 16,
  kvHeadCount: 8,
  headLength: 128,
  feedForwardLength: 3072,
  vocabularySize: 151_936,
} as const;

async function copiedMib(
  type: string,
  features: readonly string[] | null,
  embeddingType = type,
  tiedEmbeddings = true,
) {
  const header = await headerOf({ ...qwen3, weightType: type, embeddingType, tiedEmbeddings });
  const { copied, tiedEmbedding } = repackedTensors(header, features);
  const sum = copied.reduce((total, { bytes }) => total + bytes, 0);
  return [Number((sum / MIB).toFixed(2)), Number(((tiedEmbedding?.bytes ?? 0) / MIB).toFixed(2))];
}

// Measured with llama.cpp: CPU_REPACK of 319.71 MiB = 236.25 for layers and 83.46 for the tied embedding; with an
// embedding in q6_k, which is not repacked on x86, 236.25.
it.each([
  ["q4_k", ["avx2"], "q4_k", 236.25, 83.46],
  ["q4_k", ["avx2"], "q6_k", 236.25, 0],
  ["q4_0", ["avx2"], "q4_0", 236.25, 83.46],
  ["iq4_nl", ["avx2"], "q6_k", 236.25, 0],
  ["q8_0", ["avx2"], "q8_0", 0, 0],
  ["q6_k", ["avx2"], "q6_k", 0, 0],
  ["q2_k", ["avx2"], "q6_k", 0, 0],
  ["q2_k", ["avx2", "avx512f"], "q6_k", 137.81, 0],
  ["f16", ["avx2"], "f16", 0, 0],
  ["q4_k", ["sse4_2"], "q4_k", 0, 0],
  ["q8_0", ["asimd", "asimddp"], "q8_0", 446.25, 157.65],
  ["q6_k", ["asimddp", "i8mm"], "q6_k", 344.53, 121.71],
  ["q4_1", ["asimddp"], "q4_1", 0, 0],
  ["q3_k", ["asimddp"], "q6_k", 0, 121.71],
  ["q4_k", ["asimd"], "q4_k", 0, 0],
])("%s on %j with an embedding in %s", async (type, features, embeddingType, layers, embedding) => {
  expect(await copiedMib(type, features, embeddingType)).toEqual([layers, embedding]);
});

it("counts every type that any CPU repacks if the CPU is unknown", async () => {
  for (const type of ["q4_k", "q2_k", "q8_0", "q5_k"]) {
    expect((await copiedMib(type, null))[0]).toBeGreaterThan(0);
  }
  expect(await copiedMib("f16", null)).toEqual([0, 0]);
});

it("copies a separate output matrix like any other, and not the embedding", async () => {
  expect(await copiedMib("q4_k", ["avx2"], "q4_k", false)).toEqual([Number((236.25 + 83.46).toFixed(2)), 0]);
});

it("copies only tensors with a multiple of 8 rows", async () => {
  const header = await headerOf({
    embeddingLength: 32,
    headCount: 1,
    kvHeadCount: 1,
    feedForwardLength: 36,
    weightType: "f16",
  });
  const tensors = header.tensors.map((tensor) => ({ ...tensor, type: "q4_0" }));
  const { copied } = repackedTensors({ ...header, tensors }, ["avx2"]);
  expect(copied.map(({ name }) => name)).not.toContain("blk.0.ffn_up.weight");
  expect(copied.map(({ name }) => name)).toContain("blk.0.ffn_down.weight");
  const onArm = repackedTensors({ ...header, tensors }, ["asimddp"]);
  expect(onArm.copied.map(({ name }) => name)).toContain("blk.0.ffn_up.weight");
});
