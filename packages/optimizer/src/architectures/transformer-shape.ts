import type { GgufHeader, PerLayer } from "../formats/gguf/gguf-header.js";
import { vocabularySizeOf } from "../formats/gguf/summarize-gguf.js";
import { EMBEDDING_NAME } from "../formats/gguf/tensor-names.js";
import { InvalidModelFileError, WHOLE_FILE } from "../formats/invalid-model-file-error.js";
import { architectureNamed, type ComputeFamily } from "./architecture-table.js";
import { type FailFigure, isAttentionFree, type LayerShape, layerShapes } from "./layer-shape.js";
import { unfitPurpose } from "./model-purpose.js";
import { requirePlainTensors } from "./require-plain-tensors.js";

/** Figures of a model that determine its memory use. */
export interface TransformerShape {
  architecture: string;
  /** Differences of its computation that the figures do not show. */
  family: ComputeFamily;
  layers: readonly LayerShape[];
  embeddingLength: number;
  vocabularySize: number;
  /** Trained context length in tokens. */
  trainedTokens: number;
  /** Whether the memory computed from these figures equals llama.cpp's figures. False: it is an estimate. */
  isExact: boolean;
}

const OTHER_FILE_HINT =
  "llama.cpp would not load this file. Use another file of this model, or compare its checksum with the source.";

/**
 * Whether the memory and speed of a model are estimates, because its computation is not known step by step. Throws
 * {@link InvalidModelFileError} as planning does.
 */
export function isEstimated(header: GgufHeader): boolean {
  return !transformerShape(header).isExact;
}

/** Cached shapes: planning needs the shape of a header for every context that it tries. */
const KNOWN_SHAPES = new WeakMap<GgufHeader, TransformerShape>();

/**
 * Returns the shape of the model that a header describes, computed once per header. Throws {@link
 * InvalidModelFileError} if a figure is missing, if the figures contradict the tensors, or if loading the file in
 * llama.cpp would end the process.
 */
export function transformerShape(header: GgufHeader): TransformerShape {
  const known = KNOWN_SHAPES.get(header);
  if (known !== undefined) return known;
  const shape = computeShape(header);
  KNOWN_SHAPES.set(header, shape);
  return shape;
}

function computeShape(header: GgufHeader): TransformerShape {
  const fail = (field: string, problem: string, hint: string = OTHER_FILE_HINT): never => {
    throw new InvalidModelFileError({ path: header.path, field, offset: 0, problem, hint });
  };
  const { architecture } = header;
  const unfit = unfitPurpose(header);
  if (unfit !== null) {
    throw new InvalidModelFileError({
      path: header.path,
      field: WHOLE_FILE,
      offset: 0,
      ...unfit,
      fault: "not-a-model",
    });
  }
  if (architecture === null) return fail("general.architecture", "is missing");
  if (header.byte_order === "big") {
    const problem = "is stored as big-endian, but llama.cpp loads only files in the byte order of the machine";
    return fail("version", problem, "Use the little-endian file of this model, or convert the model on this machine.");
  }
  if (header.tensors.length === 0) return fail("tensor count", "is 0, so the file has no weights");

  const figure = (key: string, value: number | null): number =>
    value === null || value === 0 ? fail(`${architecture}.${key}`, value === null ? "is missing" : "is 0") : value;
  const { shape } = header;
  figure("block_count", shape.block_count);
  const embeddingLength = figure("embedding_length", shape.embedding_length);
  const headCount = isAttentionFree(shape) ? 1 : figure("attention.head_count", largest(shape.head_count));
  requireLayers(header, fail);
  const layers = layerShapes(header, headCount, fail);
  const { computation, isPlain } = architectureNamed(architecture);
  const result: TransformerShape = {
    architecture,
    family: computation ?? {},
    layers,
    embeddingLength,
    vocabularySize: figure("vocab_size", vocabularySizeOf(header)),
    trainedTokens: figure("context_length", shape.context_length),
    isExact: computation !== undefined && computesAsWritten(header, layers),
  };
  if (result.isExact && isPlain && !shape.expert_count) requirePlainTensors(header, result, headCount, fail);
  return result;
}

const LAYER_TENSOR = /^blk\.(\d+)\./;

/** Checks embeddings and layers: llama.cpp refuses a file without embeddings or with a wrong number of layers. */
function requireLayers({ architecture, shape, tensors, tokenizer }: GgufHeader, fail: FailFigure): void {
  const embedding = tensors.find(({ name }) => name === EMBEDDING_NAME);
  if (embedding === undefined) fail(`tensor ${EMBEDDING_NAME}`, "is missing");
  const rows = embedding.shape[1] ?? 1;
  if (tokenizer.token_count !== null && rows !== tokenizer.token_count) {
    const problem = `has ${rows} rows, but the vocabulary has ${tokenizer.token_count} tokens`;
    fail(`tensor ${EMBEDDING_NAME}`, problem);
  }
  const stated = shape.block_count ?? 0;
  const found = new Set<number>();
  for (const { name } of tensors) {
    const layer = Number(LAYER_TENSOR.exec(name)?.[1] ?? -1);
    if (layer >= stated) fail(`tensor ${name}`, `is of layer ${layer}, but ${architecture}.block_count is ${stated}`);
    if (layer >= 0) found.add(layer);
  }
  for (let layer = 0; layer < stated - (shape.nextn_predict_layers ?? 0); layer++) {
    if (!found.has(layer)) fail(`layer ${layer} of ${stated}`, "is missing");
  }
}

function largest(value: PerLayer): number | null {
  return typeof value === "object" && value !== null ? Math.max(0, ...value) : value;
}

/** Whether the file has no known feature that is computed differently from the rest of its architecture. */
function computesAsWritten({ architecture, shape, tensors }: GgufHeader, layers: readonly LayerShape[]): boolean {
  const { isPlain, needsLatentAttention } = architectureNamed(architecture);
  const has = (ending: string) => tensors.some(({ name }) => name.endsWith(ending));
  if (shape.nextn_predict_layers || (shape.expert_group_count ?? 0) > 1 || has(".exp_probs_b.bias")) return false;
  if (needsLatentAttention) {
    return layers.every(({ mixer }) => mixer.kind === "latent-attention") && has(".attn_q.weight");
  }
  if (!isPlain) return true;
  const [first] = layers;
  const isLikeFirst = ({ mixer, feedForward }: LayerShape) =>
    mixer.kind === "attention" &&
    first?.mixer.kind === "attention" &&
    mixer.headCount === first.mixer.headCount &&
    mixer.kvHeadCount === first.mixer.kvHeadCount &&
    feedForward.length === first.feedForward.length;
  return layers.every(isLikeFirst) && !has(".attn_qkv.weight");
}
