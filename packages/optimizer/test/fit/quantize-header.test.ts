import { describe, expect, it } from "vitest";
import { QUANTIZATION_TYPES, quantizeHeader } from "../../src/fit/quantize-header.js";
import { headerOf } from "./header-of.js";

const wide = await headerOf({ embeddingLength: 256, feedForwardLength: 512, weightType: "f16", tiedEmbeddings: false });
const narrow = await headerOf({
  embeddingLength: 96,
  headCount: 3,
  kvHeadCount: 3,
  feedForwardLength: 96,
  weightType: "f16",
});

function typesOf(header: typeof wide): Record<string, string> {
  const names = ["token_embd.weight", "output.weight", "blk.0.ffn_up.weight", "blk.0.attn_norm.weight"];
  return Object.fromEntries(
    names.flatMap((name) => header.tensors.filter((tensor) => tensor.name === name).map(({ type }) => [name, type])),
  );
}

describe("quantizeHeader", () => {
  it.each([
    ["q8_0", "q8_0", "q8_0"],
    ["q6_k", "q6_k", "q6_k"],
    ["q4_k", "q6_k", "q4_k"],
    ["q3_k", "q6_k", "q3_k"],
  ])("%s: embedding and output %s, other matrices %s, norms unchanged", (type, output, matrix) => {
    expect(typesOf(quantizeHeader(wide, type))).toEqual({
      "token_embd.weight": output,
      "output.weight": output,
      "blk.0.ffn_up.weight": matrix,
      "blk.0.attn_norm.weight": "f32",
    });
  });

  it.each([
    ["q6_k", "q8_0", "q8_0"],
    ["q5_k", "q8_0", "q5_1"],
    ["q4_k", "q8_0", "q5_0"],
    ["q3_k", "q8_0", "q4_0"],
  ])("%s, if rows do not fill its blocks: %s and %s", (type, output, matrix) => {
    expect(typesOf(quantizeHeader(narrow, type))).toMatchObject({
      "token_embd.weight": output,
      "blk.0.ffn_up.weight": matrix,
    });
  });
});

it("never makes a tensor larger, and places all tensors without gaps", () => {
  for (const header of [wide, narrow]) {
    for (const type of QUANTIZATION_TYPES) {
      const quantized = quantizeHeader(header, type);
      let end = header.data_offset;
      for (const [index, tensor] of quantized.tensors.entries()) {
        expect(tensor.bytes).toBeLessThanOrEqual(header.tensors[index]?.bytes ?? 0);
        expect(tensor.weights).toBe(header.tensors[index]?.weights);
        expect(tensor.offset).toBe(end);
        end = Math.ceil((tensor.offset + tensor.bytes) / 32) * 32;
      }
      expect(quantized.file_bytes).toBeLessThan(header.file_bytes);
      expect(quantizeHeader(quantized, type)).toEqual(quantized);
    }
  }
});
