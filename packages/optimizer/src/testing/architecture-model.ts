import type { WritableGguf, WritableTensor, WritableValue } from "../formats/gguf/write-gguf.js";
import { TOKENIZER_TEXT } from "./tokenizer-text.js";
import { trainTokenizer } from "./train-tokenizer.js";

/** Figures of a model that is not a plain transformer. */
export interface ArchitectureFigures {
  embeddingLength: number;
  layerCount: number;
  headCount: number;
  /** One for all layers, or one per layer. */
  kvHeadCount: number | readonly number[];
  headLength?: number;
  feedForwardLength: number;
  vocabularySize: number;
  contextTokens?: number;
  slidingWindow?: number;
  experts?: { count: number; used: number; feedForwardLength: number; shared?: number };
  /** Further metadata, with keys relative to the name of the architecture. */
  metadata?: Readonly<Record<string, number | readonly number[]>>;
  weightType?: string;
}

/** Architectures that are not plain transformers. */
export type ModelFamily = "gemma3" | "phi3" | "lfm2" | "qwen3moe" | "olmoe" | "qwen35" | "deepseek2";

/** Returns the header of a model of an architecture, as its converter writes it, with a tokenizer of its size. */
export function architectureModel(architecture: ModelFamily, figures: ArchitectureFigures): WritableGguf {
  const { embeddingLength, layerCount, headCount, feedForwardLength, vocabularySize, experts } = figures;
  const { kvHeadCount, contextTokens = 32_768, weightType = "q8_0" } = figures;
  const headLength = figures.headLength ?? embeddingLength / headCount;
  const kvHeadCounts = typeof kvHeadCount === "number" ? new Array<number>(layerCount).fill(kvHeadCount) : kvHeadCount;
  const tokenizer = trainTokenizer(TOKENIZER_TEXT, vocabularySize, ["<|endoftext|>"]);
  const figure = (key: string): number => {
    const value = figures.metadata?.[key];
    if (typeof value !== "number") throw new Error(`${architecture} needs ${key}`);
    return value;
  };

  const tensor = (name: string, shape: readonly number[], type = weightType): WritableTensor => ({ name, type, shape });
  const layer = (index: number): WritableTensor[] => {
    const matrix = (name: string, ...shape: number[]) => tensor(`blk.${index}.${name}.weight`, shape);
    const floats = (name: string, ...shape: number[]) => tensor(`blk.${index}.${name}`, shape, "f32");
    const norm = (name: string, length = embeddingLength) => floats(`${name}.weight`, length);
    const kvLength = (kvHeadCounts[index] ?? 0) * headLength;
    const queryLength = headCount * headLength;
    const attention = (): WritableTensor[] => [
      matrix("attn_q", embeddingLength, architecture === "qwen35" ? 2 * queryLength : queryLength),
      matrix("attn_k", embeddingLength, kvLength),
      matrix("attn_v", embeddingLength, kvLength),
      matrix("attn_output", queryLength, embeddingLength),
    ];
    const headNorms = () => [norm("attn_q_norm", headLength), norm("attn_k_norm", headLength)];
    const dense = (length = feedForwardLength, ending = ""): WritableTensor[] => [
      matrix(`ffn_gate${ending}`, embeddingLength, length),
      matrix(`ffn_up${ending}`, embeddingLength, length),
      matrix(`ffn_down${ending}`, length, embeddingLength),
    ];
    const mixture = (): WritableTensor[] => {
      const { count, feedForwardLength: length } = experts ?? { count: 0, feedForwardLength: 0 };
      return [
        floats("ffn_gate_inp.weight", embeddingLength, count),
        matrix("ffn_gate_exps", embeddingLength, length, count),
        matrix("ffn_down_exps", length, embeddingLength, count),
        matrix("ffn_up_exps", embeddingLength, length, count),
      ];
    };
    switch (architecture) {
      case "gemma3":
        return [
          norm("attn_norm"),
          ...attention(),
          ...headNorms(),
          norm("post_attention_norm"),
          norm("ffn_norm"),
          ...dense(),
          norm("post_ffw_norm"),
        ];
      case "phi3":
        return [
          norm("attn_norm"),
          matrix("attn_qkv", embeddingLength, queryLength + 2 * kvLength),
          matrix("attn_output", queryLength, embeddingLength),
          norm("ffn_norm"),
          matrix("ffn_down", feedForwardLength, embeddingLength),
          matrix("ffn_up", embeddingLength, 2 * feedForwardLength),
        ];
      case "lfm2":
        return [
          norm("ffn_norm"),
          ...dense(),
          norm("attn_norm"),
          ...(kvLength > 0
            ? [...headNorms(), ...attention()]
            : [
                floats("shortconv.conv.weight", figure("shortconv.l_cache"), embeddingLength),
                matrix("shortconv.in_proj", embeddingLength, 3 * embeddingLength),
                matrix("shortconv.out_proj", embeddingLength, embeddingLength),
              ]),
        ];
      case "qwen3moe":
        return [norm("attn_norm"), ...attention(), ...headNorms(), norm("ffn_norm"), ...mixture()];
      case "olmoe":
        return [
          norm("attn_norm"),
          ...attention(),
          norm("attn_q_norm", queryLength),
          norm("attn_k_norm", kvLength),
          norm("ffn_norm"),
          ...mixture(),
        ];
      case "qwen35": {
        const [state, groups, heads] = [
          figure("ssm.state_size"),
          figure("ssm.group_count"),
          figure("ssm.time_step_rank"),
        ];
        const convolved = 2 * state * groups + state * heads;
        const common = [norm("attn_norm"), norm("post_attention_norm"), ...dense()];
        if ((index + 1) % figure("full_attention_interval") === 0) return [...common, ...attention(), ...headNorms()];
        return [
          ...common,
          matrix("attn_qkv", embeddingLength, convolved),
          matrix("attn_gate", embeddingLength, state * heads),
          floats("ssm_conv1d.weight", figure("ssm.conv_kernel"), convolved),
          floats("ssm_dt.bias", heads),
          floats("ssm_a", heads),
          matrix("ssm_beta", embeddingLength, heads),
          matrix("ssm_alpha", embeddingLength, heads),
          floats("ssm_norm.weight", state),
          matrix("ssm_out", state * heads, embeddingLength),
        ];
      }
      case "deepseek2": {
        const [rank, turned] = [figure("attention.kv_lora_rank"), figure("rope.dimension_count")];
        const [keys, values] = [figure("attention.key_length_mla"), figure("attention.value_length_mla")];
        const isDense = index < figure("leading_dense_block_count");
        return [
          norm("attn_norm"),
          norm("attn_kv_a_norm", rank),
          matrix("attn_q", embeddingLength, headCount * keys),
          matrix("attn_kv_a_mqa", embeddingLength, rank + turned),
          matrix("attn_k_b", keys - turned, rank, headCount),
          matrix("attn_v_b", rank, values, headCount),
          matrix("attn_output", headCount * values, embeddingLength),
          norm("ffn_norm"),
          ...(isDense
            ? dense()
            : [...mixture(), ...dense((experts?.feedForwardLength ?? 0) * (experts?.shared ?? 0), "_shexp")]),
        ];
      }
    }
  };

  const uint32 = (value: number): WritableValue => ({ type: "uint32", value });
  const stated = (value: number | readonly number[]): WritableValue =>
    typeof value === "number" ? uint32(value) : { type: "array", elements: { type: "int32", values: value } };
  const own: Record<string, number | readonly number[]> = {
    context_length: contextTokens,
    embedding_length: embeddingLength,
    block_count: layerCount,
    feed_forward_length: feedForwardLength,
    "attention.head_count": headCount,
    "attention.head_count_kv": kvHeadCount,
    "attention.key_length": headLength,
    "attention.value_length": headLength,
    ...(figures.slidingWindow === undefined ? {} : { "attention.sliding_window": figures.slidingWindow }),
    ...(experts === undefined
      ? {}
      : {
          expert_count: experts.count,
          expert_used_count: experts.used,
          expert_feed_forward_length: experts.feedForwardLength,
          ...(experts.shared === undefined ? {} : { expert_shared_count: experts.shared }),
        }),
    ...figures.metadata,
  };
  return {
    metadata: {
      "general.architecture": { type: "text", value: architecture },
      ...Object.fromEntries(Object.entries(own).map(([key, value]) => [`${architecture}.${key}`, stated(value)])),
      [`${architecture}.attention.layer_norm_rms_epsilon`]: { type: "float32", value: 1e-5 },
      "tokenizer.ggml.model": { type: "text", value: "gpt2" },
      "tokenizer.ggml.pre": { type: "text", value: "qwen2" },
      "tokenizer.ggml.tokens": { type: "array", elements: { type: "text", values: tokenizer.tokens } },
      "tokenizer.ggml.token_type": { type: "array", elements: { type: "int32", values: tokenizer.tokenTypes } },
      "tokenizer.ggml.merges": { type: "array", elements: { type: "text", values: tokenizer.merges } },
      "tokenizer.ggml.bos_token_id": uint32(0),
      "tokenizer.ggml.eos_token_id": uint32(0),
    },
    tensors: [
      tensor("token_embd.weight", [embeddingLength, vocabularySize]),
      tensor(architecture === "lfm2" ? "token_embd_norm.weight" : "output_norm.weight", [embeddingLength], "f32"),
      ...(TIED.has(architecture) ? [] : [tensor("output.weight", [embeddingLength, vocabularySize])]),
      ...Array.from({ length: layerCount }, (_, index) => layer(index)).flat(),
    ],
  };
}

const TIED: ReadonlySet<ModelFamily> = new Set(["gemma3", "lfm2", "qwen35"]);
