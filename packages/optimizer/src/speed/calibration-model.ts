import { open } from "node:fs/promises";
import { CALIBRATION_TYPE } from "../architectures/model-purpose.js";
import { transformerShape } from "../architectures/transformer-shape.js";
import type { GgufHeader } from "../formats/gguf/gguf-header.js";
import {
  type WritableGguf,
  type WritableTensor,
  type WritableValue,
  writeGgufHeader,
} from "../formats/gguf/write-gguf.js";
import { modelWork } from "./model-work.js";

/** Types whose rates are measured. The nearest of them gives the rate of any other type. */
export const CALIBRATED_TYPES = ["q8_0", "q6_k", "q5_k", "q4_k", "q4_0", "q3_k", "f16"] as const;
/** Multiple for the row lengths of a calibration model, so that rows fill the blocks of every type. */
const ROW_MULTIPLE = 256;
const MIN_CONTEXT_TOKENS = 8192;

/**
 * Writes a plain transformer of the same size as another model, with all matrices in one type. The file has a real
 * header and a hole for the weights: they read as zeros, need no disk space, and compute as fast as real ones. The file
 * has no tokenizer.
 */
export async function writeCalibrationModel(path: string, like: GgufHeader, type: string): Promise<void> {
  const { bytes, fileBytes } = writeGgufHeader(calibrationModel(like, type));
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.truncate(fileBytes);
  } finally {
    await file.close();
  }
}

function calibrationModel(like: GgufHeader, type: string): WritableGguf {
  const shape = transformerShape(like);
  const attention = shape.layers.map(({ mixer }) => mixer).find((mixer) => mixer.kind === "attention");
  const [first] = shape.layers;
  const embeddingLength = multipleOf(ROW_MULTIPLE, shape.embeddingLength);
  const feedForwardLength = multipleOf(ROW_MULTIPLE, first?.feedForward.length ?? 4 * embeddingLength);
  const headLength = attention?.keyHeadLength ?? 64;
  // All heads together also fill whole blocks.
  const headCount = multipleOf(Math.max(1, ROW_MULTIPLE / headLength), attention?.headCount ?? embeddingLength / 64);
  const kvHeadCount = largestDivisor(headCount, attention?.kvHeadCount ?? headCount);
  const matrix = (name: string, rowLength: number, rows: number): WritableTensor => ({
    name: `${name}.weight`,
    type,
    shape: [rowLength, rows],
  });
  const norm = (name: string): WritableTensor => ({ name: `${name}.weight`, type: "f32", shape: [embeddingLength] });
  const layer = (_: unknown, index: number): WritableTensor[] => {
    const of = (name: string) => `blk.${index}.${name}`;
    return [
      norm(of("attn_norm")),
      matrix(of("attn_q"), embeddingLength, headCount * headLength),
      matrix(of("attn_k"), embeddingLength, kvHeadCount * headLength),
      matrix(of("attn_v"), embeddingLength, kvHeadCount * headLength),
      matrix(of("attn_output"), headCount * headLength, embeddingLength),
      norm(of("ffn_norm")),
      matrix(of("ffn_gate"), embeddingLength, feedForwardLength),
      matrix(of("ffn_up"), embeddingLength, feedForwardLength),
      matrix(of("ffn_down"), feedForwardLength, embeddingLength),
    ];
  };
  const uint32 = (value: number): WritableValue => ({ type: "uint32", value });
  const text = (value: string): WritableValue => ({ type: "text", value });
  return {
    metadata: {
      "general.architecture": text("llama"),
      "general.type": text(CALIBRATION_TYPE),
      "general.name": text(`${like.name ?? "model"}, its size`),
      "llama.context_length": uint32(Math.max(MIN_CONTEXT_TOKENS, shape.trainedTokens)),
      "llama.embedding_length": uint32(embeddingLength),
      "llama.block_count": uint32(shape.layers.length),
      "llama.feed_forward_length": uint32(feedForwardLength),
      "llama.attention.head_count": uint32(headCount),
      "llama.attention.head_count_kv": uint32(kvHeadCount),
      "llama.attention.key_length": uint32(headLength),
      "llama.attention.value_length": uint32(headLength),
      "llama.attention.layer_norm_rms_epsilon": { type: "float32", value: 1e-5 },
      "llama.rope.dimension_count": uint32(headLength),
      "llama.vocab_size": uint32(shape.vocabularySize),
      "tokenizer.ggml.model": text("no_vocab"),
    },
    tensors: [
      matrix("token_embd", embeddingLength, shape.vocabularySize),
      norm("output_norm"),
      ...Array.from({ length: shape.layers.length }, layer).flat(),
    ],
  };
}

function multipleOf(multiple: number, length: number): number {
  return Math.ceil(length / multiple) * multiple;
}

function largestDivisor(of: number, most: number): number {
  for (let divisor = Math.min(of, Math.max(1, most)); divisor > 1; divisor--) if (of % divisor === 0) return divisor;
  return 1;
}

/** Above this share of the work per token, the output matrix hides the cost of the layers. */
const MAX_OUTPUT_SHARE = 0.35;

/**
 * Returns the reasons why a model is a poor choice for calibration; empty for a dense model with a modest vocabulary.
 */
export function calibrationDoubts(header: GgufHeader): string[] {
  const shape = transformerShape(header);
  const { weights_by_type, output_weights_by_type } = modelWork(header);
  const sum = (weights: Record<string, number>) => Object.values(weights).reduce((total, count) => total + count, 0);
  const outputShare = sum(output_weights_by_type) / (sum(weights_by_type) + sum(output_weights_by_type));
  const doubts: string[] = [];
  if (shape.layers.some(({ feedForward }) => feedForward.expertCount > 0)) {
    doubts.push("This model is a mixture of experts: forecasts for dense models will be less accurate.");
  }
  if (shape.layers.some(({ mixer }) => mixer.kind !== "attention")) {
    doubts.push(
      "This model has recurrent or latent layers: calibrated with such a model, forecasts were 18 % off, not 9 %.",
    );
  }
  if (outputShare > MAX_OUTPUT_SHARE) {
    const share = Math.round(outputShare * 100);
    doubts.push(
      `${share} % of this model's work is its vocabulary of ${shape.vocabularySize} tokens: calibrated with such a ` +
        "model, forecasts were 35 % off, not 9 %. A dense model with a vocabulary of 32,000 to 50,000 tokens is best.",
    );
  }
  return doubts;
}
