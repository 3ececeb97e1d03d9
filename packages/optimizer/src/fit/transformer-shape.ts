import type { GgufHeader, GgufTensor, PerLayer } from "../formats/gguf/gguf-header.js";
import { vocabularySizeOf } from "../formats/gguf/summarize-gguf.js";
import { InvalidModelFileError } from "../formats/invalid-model-file-error.js";
import { significantShape } from "../formats/significant-shape.js";

/** The figures that a transformer's memory follows from. */
export interface TransformerShape {
  architecture: string;
  layerCount: number;
  embeddingLength: number;
  /** All heads of queries together: the widest layer's. */
  queryLength: number;
  keyHeadLength: number;
  valueHeadLength: number;
  /** Heads of keys and values in each layer. */
  kvHeadCounts: readonly number[];
  /** The widest layer's, for all experts that are used at once. */
  feedForwardLength: number;
  vocabularySize: number;
  /** Tokens of context that the model was trained for. */
  trainedTokens: number;
  /** What is computed from these figures is llama.cpp's own sum, and no estimate. */
  isExact: boolean;
}

/** Architectures that compute what {@link transformerSteps} says. */
const EXACT_ARCHITECTURES: ReadonlySet<string> = new Set(["llama", "qwen2", "qwen3"]);

/**
 * The shape of the model that a header describes. Throws {@link InvalidModelFileError} where a figure is missing, where
 * the figures contradict the tensors, and where llama.cpp would end the whole process over them.
 */
export function transformerShape(header: GgufHeader): TransformerShape {
  const fail = (field: string, problem: string): never => {
    throw new InvalidModelFileError({
      path: header.path,
      field,
      offset: 0,
      problem,
      hint: "Take another file. What is no transformer, or is a vocabulary, adapter or projector alone, is not planned.",
    });
  };
  const { architecture } = header;
  if (architecture === null) return fail("general.architecture", "is missing");
  if (header.byte_order === "big") {
    return fail("version", "says that the file is big-endian, and llama.cpp loads files of its machine's order only");
  }
  if (header.tensors.length === 0) return fail("tensor count", "is 0: the file has no weights");

  const figure = (key: string, value: number | null): number =>
    value === null || value === 0 ? fail(`${architecture}.${key}`, value === null ? "is missing" : "is 0") : value;
  const { shape } = header;
  const layerCount = figure("block_count", shape.block_count);
  const embeddingLength = figure("embedding_length", shape.embedding_length);
  const eachLayer = (key: string, value: PerLayer): readonly number[] => {
    if (typeof value !== "object" || value === null) return new Array<number>(layerCount).fill(figure(key, value));
    if (value.length < layerCount)
      fail(`${architecture}.${key}`, `has ${value.length} values for ${layerCount} layers`);
    return value.slice(0, layerCount);
  };
  const headCounts = eachLayer("attention.head_count", shape.head_count);
  const kvHeadCounts = eachLayer("attention.head_count_kv", shape.head_count_kv ?? shape.head_count);
  const headCount = figure("attention.head_count", Math.max(...headCounts));
  const keyHeadLength = shape.key_length ?? Math.floor(embeddingLength / headCount);
  const valueHeadLength = shape.value_length ?? Math.floor(embeddingLength / headCount);
  const experts = Math.max(
    1,
    shape.expert_count ? Math.max(...eachLayer("expert_used_count", shape.expert_used_count)) : 1,
  );
  const feedForwardLengths = eachLayer("feed_forward_length", shape.feed_forward_length);
  const vocabularySize = figure("vocab_size", vocabularySizeOf(header));

  const result: TransformerShape = {
    architecture,
    layerCount,
    embeddingLength,
    queryLength: headCount * keyHeadLength,
    keyHeadLength,
    valueHeadLength,
    kvHeadCounts,
    feedForwardLength: Math.max(...feedForwardLengths) * experts,
    vocabularySize,
    trainedTokens: figure("context_length", shape.context_length),
    isExact:
      EXACT_ARCHITECTURES.has(architecture) &&
      !shape.expert_count &&
      [headCounts, kvHeadCounts, feedForwardLengths].every(isUniform) &&
      !header.tensors.some(({ name }) => name.endsWith(".attn_qkv.weight")),
  };
  if (result.isExact) requireSoundShape(header, result, headCount, fail);
  return result;
}

function isUniform(figures: readonly number[]): boolean {
  return figures.every((figure) => figure === figures[0]);
}

/** llama.cpp takes these for granted: a file that breaks one ends the process it is loaded in. */
function requireSoundShape(
  { shape, tensors }: GgufHeader,
  model: TransformerShape,
  headCount: number,
  fail: (field: string, problem: string) => never,
): void {
  const { architecture, embeddingLength, queryLength, keyHeadLength, valueHeadLength, feedForwardLength } = model;
  const kvHeadCount = model.kvHeadCounts[0] ?? 0;
  if (kvHeadCount === 0 || headCount % kvHeadCount !== 0) {
    fail(`${architecture}.attention.head_count_kv`, `is ${kvHeadCount}, which does not divide ${headCount} heads`);
  }
  if (keyHeadLength !== valueHeadLength) {
    fail(`${architecture}.attention.value_length`, `is ${valueHeadLength} where keys have ${keyHeadLength}`);
  }
  if (shape.rope_dimension_count !== null && shape.rope_dimension_count !== keyHeadLength) {
    const found = shape.rope_dimension_count;
    fail(`${architecture}.rope.dimension_count`, `is ${found} where a head has a length of ${keyHeadLength}`);
  }
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const kvLength = kvHeadCount * keyHeadLength;
  const requireMatrix = (name: string, rowLength: number, rows: number) =>
    requireShape(byName.get(name), name, [rowLength, rows], fail);
  requireMatrix("token_embd.weight", embeddingLength, model.vocabularySize);
  if (byName.has("output.weight")) requireMatrix("output.weight", embeddingLength, model.vocabularySize);
  for (let layer = 0; layer < model.layerCount; layer++) {
    requireMatrix(`blk.${layer}.attn_q.weight`, embeddingLength, queryLength);
    requireMatrix(`blk.${layer}.attn_k.weight`, embeddingLength, kvLength);
    requireMatrix(`blk.${layer}.attn_v.weight`, embeddingLength, kvLength);
    requireMatrix(`blk.${layer}.attn_output.weight`, queryLength, embeddingLength);
    requireMatrix(`blk.${layer}.ffn_gate.weight`, embeddingLength, feedForwardLength);
    requireMatrix(`blk.${layer}.ffn_up.weight`, embeddingLength, feedForwardLength);
    requireMatrix(`blk.${layer}.ffn_down.weight`, feedForwardLength, embeddingLength);
  }
}

function requireShape(
  tensor: GgufTensor | undefined,
  name: string,
  expected: readonly number[],
  fail: (field: string, problem: string) => never,
): void {
  if (tensor === undefined) fail(`tensor ${name}`, "is missing");
  const { shape } = tensor;
  const [found, wanted] = [significantShape(shape), significantShape(expected)];
  if (found.length === wanted.length && found.every((length, index) => length === wanted[index])) return;
  fail(
    `tensor ${name}`,
    `has the shape ${shape.join(" × ")} where the header's figures make it ${expected.join(" × ")}`,
  );
}
