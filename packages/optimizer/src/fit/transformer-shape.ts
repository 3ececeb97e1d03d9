import type { GgufHeader, GgufTensor, PerLayer } from "../formats/gguf/gguf-header.js";
import { vocabularySizeOf } from "../formats/gguf/summarize-gguf.js";
import { InvalidModelFileError } from "../formats/invalid-model-file-error.js";
import { significantShape } from "../formats/significant-shape.js";
import { type LayerShape, layerShapes } from "./layer-shape.js";
import type { ComputeFamily } from "./transformer-steps.js";

/** The figures that a model's memory follows from. */
export interface TransformerShape {
  architecture: string;
  /** How it computes beyond what the figures say. */
  family: ComputeFamily;
  layers: readonly LayerShape[];
  embeddingLength: number;
  vocabularySize: number;
  /** Tokens of context that the model was trained for. */
  trainedTokens: number;
  /** What is computed from these figures is llama.cpp's own sum, and no estimate. */
  isExact: boolean;
}

/** Architectures that compute what {@link transformerSteps} says, and how. */
const EXACT_FAMILIES: Readonly<Record<string, ComputeFamily>> = Object.assign(Object.create(null), {
  llama: { normalizesExperts: true },
  qwen2: {},
  qwen3: {},
  gemma3: {},
  phi3: { hasFusedMatrices: true, addsResidualFirst: "behind-feed-forward" },
  lfm2: { addsResidualFirst: "everywhere" },
  qwen3moe: { normalizesExperts: true },
  olmoe: {},
  qwen35: { gatesAttention: true, choosesRowsLast: true, positionsPerToken: 4 },
  deepseek2: {},
});
/** Of these, the ones that are a plain row of attention and feed-forward layers, all alike. */
const PLAIN_ARCHITECTURES: ReadonlySet<string> = new Set(["llama", "qwen2", "qwen3"]);

const NO_TRANSFORMER =
  "Take another file. What is no transformer, or is a vocabulary, adapter or projector alone, is not planned.";

/**
 * Whether the ledger of a model has figures in it that are estimated, since its computation is not known step by step. It
 * says so in its lines too. Throws {@link InvalidModelFileError} as planning does.
 */
export function isEstimated(header: GgufHeader): boolean {
  return !transformerShape(header).isExact;
}

/**
 * The shape of the model that a header describes. Throws {@link InvalidModelFileError} where a figure is missing, where
 * the figures contradict the tensors, and where llama.cpp would end the whole process over them.
 */
export function transformerShape(header: GgufHeader): TransformerShape {
  const fail = (field: string, problem: string, hint: string = NO_TRANSFORMER): never => {
    throw new InvalidModelFileError({ path: header.path, field, offset: 0, problem, hint });
  };
  const { architecture } = header;
  if (architecture === null) return fail("general.architecture", "is missing");
  if (header.byte_order === "big") {
    const problem = "says that the file is big-endian, and llama.cpp loads files of its machine's order only";
    return fail("version", problem, "Take the little-endian file of this model, or convert it anew on this machine.");
  }
  if (header.tensors.length === 0) return fail("tensor count", "is 0: the file has no weights");

  const figure = (key: string, value: number | null): number =>
    value === null || value === 0 ? fail(`${architecture}.${key}`, value === null ? "is missing" : "is 0") : value;
  const { shape } = header;
  figure("block_count", shape.block_count);
  const embeddingLength = figure("embedding_length", shape.embedding_length);
  const headCount = figure("attention.head_count", largest(shape.head_count));
  const layers = layerShapes(header, headCount, fail);
  const family = EXACT_FAMILIES[architecture];
  const result: TransformerShape = {
    architecture,
    family: family ?? {},
    layers,
    embeddingLength,
    vocabularySize: figure("vocab_size", vocabularySizeOf(header)),
    trainedTokens: figure("context_length", shape.context_length),
    isExact: family !== undefined && computesAsWritten(header, layers),
  };
  if (result.isExact && PLAIN_ARCHITECTURES.has(architecture) && !shape.expert_count) {
    requireSoundShape(header, result, headCount, fail);
  }
  return result;
}

function largest(value: PerLayer): number | null {
  return typeof value === "object" && value !== null ? Math.max(0, ...value) : value;
}

/** Whether nothing about the model is known to be computed in another way than the rest of its architecture. */
function computesAsWritten({ architecture, shape, tensors }: GgufHeader, layers: readonly LayerShape[]): boolean {
  const has = (ending: string) => tensors.some(({ name }) => name.endsWith(ending));
  if (shape.nextn_predict_layers || (shape.expert_group_count ?? 0) > 1 || has(".exp_probs_b.bias")) return false;
  if (architecture === "deepseek2")
    return layers.every(({ mixer }) => mixer.kind === "latent-attention") && has(".attn_q.weight");
  if (!PLAIN_ARCHITECTURES.has(architecture ?? "")) return true;
  const [first] = layers;
  const isLikeFirst = ({ mixer, feedForward }: LayerShape) =>
    mixer.kind === "attention" &&
    first?.mixer.kind === "attention" &&
    mixer.headCount === first.mixer.headCount &&
    mixer.kvHeadCount === first.mixer.kvHeadCount &&
    feedForward.length === first.feedForward.length;
  return layers.every(isLikeFirst) && !has(".attn_qkv.weight");
}

/** llama.cpp takes these for granted: a file that breaks one ends the process it is loaded in. */
function requireSoundShape(
  { shape, tensors }: GgufHeader,
  model: TransformerShape,
  headCount: number,
  fail: (field: string, problem: string) => never,
): void {
  const { architecture, embeddingLength } = model;
  const [first] = model.layers;
  if (first?.mixer.kind !== "attention") return;
  const { kvHeadCount, keyHeadLength, valueHeadLength } = first.mixer;
  const queryLength = headCount * keyHeadLength;
  const feedForwardLength = first.feedForward.length;
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
  for (const layer of model.layers.keys()) {
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
