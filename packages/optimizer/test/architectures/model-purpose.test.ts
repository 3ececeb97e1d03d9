import { describe, expect, it } from "vitest";
import { LOADABLE_ARCHITECTURES } from "../../src/architectures/loadable-architectures.js";
import { modelNotices } from "../../src/architectures/model-notices.js";
import { isEstimated } from "../../src/architectures/transformer-shape.js";
import type { WritableTensor, WritableValue } from "../../src/formats/gguf/write-gguf.js";
import { tinyGguf } from "../../src/testing/tiny-gguf.js";
import { headerOfContents } from "../fit/header-of.js";

const text = (value: string): WritableValue => ({ type: "text", value });
const uint32 = (value: number): WritableValue => ({ type: "uint32", value });

/** Builds a complete model of an architecture, with changed entries and further tensors. */
function modelOf(
  architecture: string,
  changes: Record<string, WritableValue | null> = {},
  further: readonly WritableTensor[] = [],
) {
  const contents = tinyGguf();
  const renamed = Object.entries(contents.metadata).map(
    ([key, value]) => [key.replace(/^llama\./, `${architecture}.`), value] as const,
  );
  const all = { ...Object.fromEntries(renamed), "general.architecture": text(architecture), ...changes };
  const metadata = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
  return headerOfContents({
    ...contents,
    metadata: metadata as typeof contents.metadata,
    tensors: [...contents.tensors, ...further],
  });
}

const WRITES_NO_CHAT: Record<string, RegExp> = {
  "bert modern-bert nomic-bert nomic-bert-moe neo-bert jina-bert-v2 jina-bert-v3 eurobert": /embedding model/,
  "gemma-embedding llama-embed t5encoder": /embedding model/,
  t5: /encoder–decoder/,
  "dream llada llada-moe rnd1": /diffusion/,
  "eagle3 dflash gemma4-assistant": /draft head/,
  "wavtokenizer-dec qwen3tts pockettts": /speech/,
};
const named = Object.entries(WRITES_NO_CHAT).flatMap(([names, words]) =>
  names.split(" ").map((name) => [name, words] as const),
);

describe("the purpose of a model", () => {
  it.each(named)("is the reason to refuse %s", async (name, words) => {
    const header = await modelOf(name);
    expect(() => isEstimated(header)).toThrow(words);
  });

  it("does not stop a plan for any other architecture that llama.cpp loads", async () => {
    const refused = new Set(named.map(([name]) => name));
    for (const name of LOADABLE_ARCHITECTURES) {
      if (refused.has(name)) continue;
      const header = await modelOf(name);
      expect(() => isEstimated(header), name).not.toThrow();
    }
    for (const name of ["flux", "sdxl", "whisper", "clip", "mllama", "zamba2", "llama5", "Llama", "llama ", ""]) {
      const unknown = await modelOf(name);
      expect(() => isEstimated(unknown), name).toThrow(/cannot be used as a model: the file (is|has)/);
    }
  });

  it.each<[string, Record<string, WritableValue | null>, readonly WritableTensor[], RegExp]>([
    ["pooling of the last token", { "qwen3.pooling_type": uint32(3) }, [], /embedding model/],
    ["pooling of the mean", { "qwen3.pooling_type": uint32(1) }, [], /embedding model/],
    ["ranks", { "qwen3.pooling_type": uint32(4) }, [], /reranker/],
    ["no causal attention", { "qwen3.attention.causal": { type: "bool", value: false } }, [], /encoder/],
    ["classes", {}, [{ name: "cls.output.weight", type: "f32", shape: [64, 2] }], /classifier/],
    ["an adapter", { "general.type": text("adapter") }, [], /LoRA/],
    ["a pair of LoRA", {}, [{ name: "blk.0.attn_q.weight.lora_a", type: "f32", shape: [64, 4] }], /LoRA/],
    ["a projector", { "general.type": text("mmproj") }, [], /projector/],
    ["an importance matrix", { "general.type": text("imatrix") }, [], /importance matrix/],
    ["vision inside", {}, [{ name: "v.patch_embd.weight", type: "f32", shape: [8, 8] }], /loads from separate files/],
    ["no tokenizer", { "tokenizer.ggml.model": null, "tokenizer.ggml.tokens": null }, [], /no tokenizer/],
    ["a tokenizer of another kind", { "tokenizer.ggml.model": text("tiktoken") }, [], /tokenizer "tiktoken"/],
    ["another pre-tokenizer", { "tokenizer.ggml.pre": text("llama-9") }, [], /pre-tokenizer "llama-9"/],
    ["no merges", { "tokenizer.ggml.merges": null }, [], /without merges/],
    ["one layer too many", {}, [{ name: "blk.2.attn_norm.weight", type: "f32", shape: [64] }], /is of layer 2/],
    ["one layer too few", { "qwen3.block_count": uint32(3) }, [], /layer 2 of 3 is missing/],
  ])("%s", async (_, changes, further, words) => {
    const header = await modelOf("qwen3", changes, further);
    expect(() => isEstimated(header)).toThrow(words);
    expect(() => isEstimated(header)).toThrow(expect.objectContaining({ hint: expect.stringMatching(/./) }));
  });
});

describe("notices report", () => {
  const codesOf = async (changes: Record<string, WritableValue | null>, contextTokens: number | null = null) =>
    modelNotices(await modelOf("llama", changes), contextTokens).map(({ code }) => code);

  it("nothing for a normal model", async () => {
    expect(await codesOf({})).toEqual([]);
    expect(await codesOf({}, 512)).toEqual([]);
  });

  it("a context beyond the trained length", async () => {
    for (const tokens of [513, 1024, 2048, 2 ** 20])
      expect(await codesOf({}, tokens)).toEqual(["context-beyond-training"]);
  });

  it("a context below llama.cpp's 256 tokens, and recommend one within the trained length", async () => {
    for (const trained of [64, 200, 512, 8192]) {
      const header = await headerOfContents(tinyGguf({ contextTokens: trained }));
      for (let tokens = 1; tokens < 300; tokens += 7) {
        const [notice] = modelNotices(header, tokens).filter(({ code }) => code === "context-short");
        expect(notice !== undefined, `${tokens} of ${trained}`).toBe(tokens < Math.min(256, trained));
        if (notice === undefined) continue;
        const advised = Number(/\d+/.exec(notice.hint)?.[0]);
        expect(advised).toBeLessThanOrEqual(trained);
        expect(modelNotices(header, advised).map(({ code }) => code)).toEqual([]);
      }
    }
  });

  it("a model with tags of another purpose, unless a tag says that it writes text", async () => {
    const header = await modelOf("llama", {});
    const codes = (tags: string[]) =>
      modelNotices({ ...header, purpose: { ...header.purpose, tags } }, null).map(({ code }) => code);
    const others = ["sentence-similarity", "feature-extraction", "Text-Ranking", "fill-mask", "text-classification"];
    for (const tag of others) {
      expect(codes(["en", tag])).toEqual(["made-for-other-work"]);
      expect(codes([tag, "text-generation"])).toEqual([]);
    }
    for (const tags of [[], ["chat"], ["en", "constructor", "__proto__"]]) expect(codes(tags)).toEqual([]);
  });

  it.each([[null], [text("")], [text(" \n")]])("no chat template: %j", async (template) => {
    expect(await codesOf({ "tokenizer.chat_template": template })).toEqual(["no-chat-template"]);
  });

  it("a missing end token, a missing pre-tokenizer, and few bits", async () => {
    for (const end of [null, uint32(512), uint32(99_999)]) {
      expect(await codesOf({ "tokenizer.ggml.eos_token_id": end })).toEqual(["no-end-token"]);
    }
    expect(await codesOf({ "tokenizer.ggml.pre": null })).toEqual(["no-pre-tokenizer"]);
    for (const weightType of ["iq1_s", "iq1_m", "tq1_0"]) {
      const few = await headerOfContents(tinyGguf({ weightType, embeddingLength: 256, feedForwardLength: 256 }));
      expect(modelNotices(few, null).map(({ code }) => code)).toEqual(["few-bits"]);
    }
  });
});
