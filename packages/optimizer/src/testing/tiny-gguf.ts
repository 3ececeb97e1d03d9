import type { WritableGguf, WritableTensor, WritableValue } from "../formats/gguf/write-gguf.js";
import { fillWithRandomWeights } from "./random-weights.js";
import { seededRandom } from "./seeded-random.js";
import { TOKENIZER_TEXT } from "./tokenizer-text.js";
import { trainTokenizer } from "./train-tokenizer.js";

export type TinyArchitecture = "llama" | "qwen2" | "qwen3";

/** Figures of a test model. With the defaults it has less than 0.5 MB. */
export interface TinyGgufOptions {
  /** Default: `llama`. */
  architecture?: TinyArchitecture | undefined;
  /** Default: 64. */
  embeddingLength?: number | undefined;
  /** Default: 2. */
  layerCount?: number | undefined;
  /** Default: 4. */
  headCount?: number | undefined;
  /** Default: 2. */
  kvHeadCount?: number | undefined;
  /** Default: embedding length ÷ number of heads. */
  headLength?: number | undefined;
  /** Default: 128. */
  feedForwardLength?: number | undefined;
  /** At least 259. Default: 512. */
  vocabularySize?: number | undefined;
  /** Trained context length. Default: 512. */
  contextTokens?: number | undefined;
  /** Type of the matrices; norms and biases are always f32. Default: `f32`. */
  weightType?: string | undefined;
  /** Default: the type of the matrices. */
  embeddingType?: string | undefined;
  /** Whether the embedding is also the output matrix. Default: true. */
  tiedEmbeddings?: boolean | undefined;
  /** Default: a ChatML template. Null: none. */
  chatTemplate?: string | null | undefined;
  /** Seed of the weights. Default: 1. */
  seed?: number | undefined;
  /** Default: little. */
  byteOrder?: "little" | "big" | undefined;
  /** Default: 3. */
  version?: 2 | 3 | undefined;
}

/** End of text, start of a message, end of a message: the first three tokens. */
const CONTROL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] as const;
const END_OF_TEXT_ID = 0;
const MESSAGE_START_ID = 1;
const MESSAGE_END_ID = 2;

const CHATML_TEMPLATE =
  "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}" +
  "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

/** Pre-tokenizer of each architecture, and whether its files have biases and norms of queries and keys. */
const ARCHITECTURES = {
  llama: { pre: "smollm", biases: false, headNorms: false },
  qwen2: { pre: "qwen2", biases: true, headNorms: false },
  qwen3: { pre: "qwen2", biases: false, headNorms: true },
} as const;

/** Returns the metadata and tensors of a test model. */
export function tinyGguf(options: TinyGgufOptions = {}): WritableGguf {
  const {
    architecture = "llama",
    embeddingLength = 64,
    layerCount = 2,
    headCount = 4,
    kvHeadCount = 2,
    headLength = embeddingLength / headCount,
    feedForwardLength = 128,
    vocabularySize = 512,
    contextTokens = 512,
    weightType = "f32",
    embeddingType = weightType,
    tiedEmbeddings = true,
    chatTemplate = CHATML_TEMPLATE,
    seed = 1,
    byteOrder,
    version,
  } = options;
  const { pre, biases, headNorms } = ARCHITECTURES[architecture];
  const tokenizer = trainTokenizer(TOKENIZER_TEXT, vocabularySize, CONTROL_TOKENS);
  const random = seededRandom(seed);

  const queryLength = headCount * headLength;
  const kvLength = kvHeadCount * headLength;
  const matrix = (name: string, rowLength: number, rows: number, type = weightType): WritableTensor => ({
    name: `${name}.weight`,
    type,
    shape: [rowLength, rows],
    fill: (target) => fillWithRandomWeights(type, target, random),
  });
  const norm = (name: string, length: number): WritableTensor => ({
    name: `${name}.weight`,
    type: "f32",
    shape: [length],
    fill: (target) => fillWithOnes(target),
  });
  const bias = (name: string, length: number): WritableTensor => ({
    name: `${name}.bias`,
    type: "f32",
    shape: [length],
    fill: (target) => fillWithRandomWeights("f32", target, random),
  });
  const layer = (index: number): WritableTensor[] => {
    const of = (name: string) => `blk.${index}.${name}`;
    return [
      norm(of("attn_norm"), embeddingLength),
      matrix(of("attn_q"), embeddingLength, queryLength),
      matrix(of("attn_k"), embeddingLength, kvLength),
      matrix(of("attn_v"), embeddingLength, kvLength),
      ...(biases ? [bias(of("attn_q"), queryLength), bias(of("attn_k"), kvLength), bias(of("attn_v"), kvLength)] : []),
      ...(headNorms ? [norm(of("attn_q_norm"), headLength), norm(of("attn_k_norm"), headLength)] : []),
      matrix(of("attn_output"), queryLength, embeddingLength),
      norm(of("ffn_norm"), embeddingLength),
      matrix(of("ffn_gate"), embeddingLength, feedForwardLength),
      matrix(of("ffn_up"), embeddingLength, feedForwardLength),
      matrix(of("ffn_down"), feedForwardLength, embeddingLength),
    ];
  };

  return {
    byteOrder,
    version,
    metadata: {
      "general.architecture": text(architecture),
      "general.name": text("Tiny test model"),
      [`${architecture}.context_length`]: uint32(contextTokens),
      [`${architecture}.embedding_length`]: uint32(embeddingLength),
      [`${architecture}.block_count`]: uint32(layerCount),
      [`${architecture}.feed_forward_length`]: uint32(feedForwardLength),
      [`${architecture}.attention.head_count`]: uint32(headCount),
      [`${architecture}.attention.head_count_kv`]: uint32(kvHeadCount),
      [`${architecture}.attention.key_length`]: uint32(headLength),
      [`${architecture}.attention.value_length`]: uint32(headLength),
      [`${architecture}.attention.layer_norm_rms_epsilon`]: { type: "float32", value: 1e-5 },
      [`${architecture}.rope.dimension_count`]: uint32(headLength),
      [`${architecture}.rope.freq_base`]: { type: "float32", value: 10_000 },
      "tokenizer.ggml.model": text("gpt2"),
      "tokenizer.ggml.pre": text(pre),
      "tokenizer.ggml.tokens": { type: "array", elements: { type: "text", values: tokenizer.tokens } },
      "tokenizer.ggml.token_type": { type: "array", elements: { type: "int32", values: tokenizer.tokenTypes } },
      "tokenizer.ggml.merges": { type: "array", elements: { type: "text", values: tokenizer.merges } },
      "tokenizer.ggml.bos_token_id": uint32(MESSAGE_START_ID),
      "tokenizer.ggml.eos_token_id": uint32(MESSAGE_END_ID),
      "tokenizer.ggml.padding_token_id": uint32(END_OF_TEXT_ID),
      "tokenizer.ggml.add_bos_token": { type: "bool", value: false },
      ...(chatTemplate === null ? {} : { "tokenizer.chat_template": text(chatTemplate) }),
    },
    tensors: [
      matrix("token_embd", embeddingLength, vocabularySize, embeddingType),
      norm("output_norm", embeddingLength),
      ...(tiedEmbeddings ? [] : [matrix("output", embeddingLength, vocabularySize)]),
      ...Array.from({ length: layerCount }, (_, index) => layer(index)).flat(),
    ],
  };
}

/** Fills `target` with the 32-bit float 1. */
export function fillWithOnes(target: Uint8Array): void {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  for (let at = 0; at < target.length; at += 4) view.setFloat32(at, 1, true);
}

function text(value: string): WritableValue {
  return { type: "text", value };
}

function uint32(value: number): WritableValue {
  return { type: "uint32", value };
}
