import { expect, test } from "vitest";
import { normalizeQuantization, quantizationLabel } from "../../src/names/quantization-label.js";

test.each([
  ["LFM2-350M-Q4_K_M.gguf", "Q4_K_M"],
  ["smollm2-1.7b-instruct-q4_k_m.gguf", "Q4_K_M"],
  ["gemma-4-E2B_q4_0-it.gguf", "Q4_0"],
  ["ibm-granite.granite-4.0-1b.Q4_K_M.gguf", "Q4_K_M"],
  ["granite-embedding-107m-multilingual-f16.gguf", "F16"],
  ["model-fp16.gguf", "F16"],
  ["model-FP32", "F32"],
  ["model-BF16.gguf", "BF16"],
  ["Qwen3-4B-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"],
  ["Qwen3-4B-UD-IQ2_XXS.gguf", "UD-IQ2_XXS"],
  ["X-Q6_K_L.gguf", "Q6_K_L"],
  ["X-Q8_K_XL.gguf", "Q8_K_XL"],
  ["X-Q3_K.gguf", "Q3_K"],
  ["X-Q4_0_4_4.gguf", "Q4_0_4_4"],
  ["X-IQ4_NL.gguf", "IQ4_NL"],
  ["gpt-MXFP4_MOE.gguf", "MXFP4_MOE"],
  ["gpt-mxfp4.gguf", "MXFP4"],
  ["X.i1-IQ3_M.gguf", "IQ3_M"],
  ["gemma-q8_0-unquantized-Q4_0.gguf", "Q4_0"],
  ["LFM2-350M-Q4_K_M-hip-optimized.gguf", "Q4_K_M"],
  ["X-Q4_K_M_imat.gguf", "Q4_K_M"],
  ["TQ1_0", "TQ1_0"],
  ["SmolLM2-135M.gguf", null],
  ["FAQ4_0x.gguf", null],
  ["model-Q8.gguf", null],
  ["", null],
  ["Q4_0".repeat(1000), null],
])("%s", (name, label) => {
  expect(quantizationLabel(name)).toBe(label);
});

test("other spellings of a label", () => {
  expect(normalizeQuantization("fp16")).toBe("F16");
  expect(normalizeQuantization("ud-q4_k_xl")).toBe("UD-Q4_K_XL");
});
