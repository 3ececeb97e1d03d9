import { type WritableGguf, type WritableTensor, writeGguf } from "../formats/gguf/write-gguf.js";
import { architectureModel } from "./architecture-model.js";
import { fillWithRandomWeights } from "./random-weights.js";
import { recurrentModel } from "./recurrent-model.js";
import { seededRandom } from "./seeded-random.js";
import { fillWithOnes, tinyGguf } from "./tiny-gguf.js";

/** Architectures whose layers keep a state, or a window of the newest tokens, instead of every token. */
export type StatefulArchitecture = "mamba2" | "granitehybrid" | "lfm2" | "qwen35" | "gemma3";

/** Sliding window of the `gemma3` model, in tokens. */
const WINDOW_TOKENS = 64;
const VOCABULARY_SIZE = 512;
const SIZE = { embeddingLength: 256, headCount: 4, headLength: 64, feedForwardLength: 256 };

/**
 * Builds a small GGUF file like `buildTinyGguf`, of an architecture that cannot forget the end of a conversation: a
 * recurrent model, hybrids of recurrent layers and attention, or one with sliding windows.
 */
export function buildStatefulGguf(architecture: StatefulArchitecture): Uint8Array {
  const model = modelOf(architecture);
  const random = seededRandom(1);
  const isTokenizers = ([key]: [string, unknown]) => key.startsWith("tokenizer.");
  const tokenizer = Object.entries(tinyGguf({ vocabularySize: VOCABULARY_SIZE }).metadata).filter(isTokenizers);
  const others = Object.entries(model.metadata).filter((entry) => !isTokenizers(entry));
  const fillOf =
    ({ name, type }: WritableTensor) =>
    (target: Uint8Array) =>
      name.includes("norm") ? fillWithOnes(target) : fillWithRandomWeights(type, target, random);
  return writeGguf({
    ...model,
    metadata: Object.fromEntries([...others, ...tokenizer]),
    tensors: model.tensors.map((tensor) => ({ ...tensor, fill: fillOf(tensor) })),
  });
}

function modelOf(architecture: StatefulArchitecture): WritableGguf {
  const figures = { ...SIZE, layerCount: 2, kvHeadCount: 2, vocabularySize: VOCABULARY_SIZE };
  switch (architecture) {
    case "mamba2":
    case "granitehybrid":
      return recurrentModel(architecture, figures);
    case "lfm2":
      return architectureModel(architecture, { ...figures, kvHeadCount: [0, 2], metadata: { "shortconv.l_cache": 3 } });
    case "qwen35":
      return architectureModel(architecture, {
        ...figures,
        metadata: {
          "ssm.conv_kernel": 4,
          "ssm.state_size": 64,
          "ssm.group_count": 2,
          "ssm.time_step_rank": 4,
          "ssm.inner_size": 256,
          full_attention_interval: 2,
          "rope.dimension_count": 16,
          "rope.dimension_sections": [4, 2, 2, 0],
        },
      });
    case "gemma3":
      // Every sixth layer has no window.
      return architectureModel(architecture, { ...figures, layerCount: 6, slidingWindow: WINDOW_TOKENS });
  }
}
