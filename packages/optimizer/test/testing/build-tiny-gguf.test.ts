import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { parseGguf } from "../../src/formats/gguf/parse-gguf.js";
import { readGguf, readModel } from "../../src/index.js";
import { buildTinyGguf, type TinyGgufOptions, writeSparseGguf } from "../../src/testing/index.js";
import { MemorySource } from "../memory-source.js";

const parse = (options: TinyGgufOptions = {}) => parseGguf("tiny.gguf", new MemorySource(buildTinyGguf(options)));

it("builds the same bytes for the same options, and other bytes for another seed", () => {
  expect(buildTinyGguf()).toEqual(buildTinyGguf());
  const other = buildTinyGguf({ seed: 2 });
  expect(other.length).toBe(buildTinyGguf().length);
  expect(other).not.toEqual(buildTinyGguf());
});

it("is small", () => {
  expect(buildTinyGguf().length).toBeLessThan(2 ** 19);
  expect(buildTinyGguf({ weightType: "q4_0" }).length).toBeLessThan(2 ** 17);
});

it.each(["f32", "f16", "q8_0", "q4_0"])("has matrices in %s", async (weightType) => {
  const { tensors } = await parse({ weightType });
  for (const { type, shape } of tensors) expect(type).toBe(shape.length === 2 ? weightType : "f32");
});

it("can have an embedding of another type, and a separate output matrix", async () => {
  const { tensors } = await parse({ weightType: "q4_0", embeddingType: "q8_0", tiedEmbeddings: false });
  const typeOf = (name: string) => tensors.find((tensor) => tensor.name === name)?.type;
  expect(typeOf("token_embd.weight")).toBe("q8_0");
  expect(typeOf("output.weight")).toBe("q4_0");
});

it.each([
  ["llama", [], "smollm"],
  ["qwen2", ["blk.0.attn_q.bias", "blk.0.attn_k.bias", "blk.0.attn_v.bias"], "qwen2"],
  ["qwen3", ["blk.0.attn_q_norm.weight", "blk.0.attn_k_norm.weight"], "qwen2"],
] as const)("has the tensors of %s", async (architecture, names, pre) => {
  const header = await parse({ architecture });
  expect(header.architecture).toBe(architecture);
  expect(header.tokenizer.pre).toBe(pre);
  const found = header.tensors.map(({ name }) => name).filter((name) => /^blk\.0\.attn_[qkv](_norm|\.bias)/.test(name));
  expect(found).toEqual(names);
});

it("can have no template", async () => {
  expect((await parse({ chatTemplate: null })).tokenizer.chat_template).toBeNull();
});

it("refuses invalid options", () => {
  expect(() => buildTinyGguf({ weightType: "q4_k", embeddingLength: 256 })).toThrow(/not q4_k/);
  expect(() => buildTinyGguf({ weightType: "q9" })).toThrow("Unknown tensor type q9");
  expect(() => buildTinyGguf({ vocabularySize: 258 })).toThrow("A vocabulary must have at least 259 tokens, not 258");
});

it("writes a model of any size as a sparse file", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "nanoagent-sparse-"));
  try {
    const file = path.join(folder, "large.gguf");
    await writeSparseGguf(file, {
      embeddingLength: 4096,
      layerCount: 32,
      feedForwardLength: 14_336,
      weightType: "q4_k",
    });
    expect(await readModel(file)).toMatchObject({ layer_count: 32, embedding_length: 4096 });
    const { size, blocks } = await stat(file);
    expect(size).toBeGreaterThan(2 ** 31);
    // Not every file system supports sparse files.
    if (process.platform === "linux") expect(blocks * 512).toBeLessThan(2 ** 20);
    expect((await readGguf(file)).file_bytes).toBe(size);
  } finally {
    await rm(folder, { recursive: true });
  }
});
