import type { GgufHeader, GgufTensor } from "../formats/gguf/gguf-header.js";
import { EMBEDDING_NAME, OUTPUT_NAME } from "../formats/gguf/tensor-names.js";
import { significantShape } from "../formats/significant-shape.js";
import type { FailFigure, LayerShape } from "./layer-shape.js";

/** Figures that determine the tensors of a plain transformer. */
interface PlainModel {
  architecture: string;
  layers: readonly LayerShape[];
  embeddingLength: number;
  vocabularySize: number;
}

/**
 * Compares the figures of a plain transformer with its tensors. llama.cpp does not check them: loading a contradictory
 * file ends the process.
 */
export function requirePlainTensors(
  { shape, tensors }: GgufHeader,
  model: PlainModel,
  headCount: number,
  fail: FailFigure,
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
    fail(`${architecture}.attention.value_length`, `is ${valueHeadLength}, but keys have ${keyHeadLength}`);
  }
  if (shape.rope_dimension_count !== null && shape.rope_dimension_count !== keyHeadLength) {
    const found = shape.rope_dimension_count;
    fail(`${architecture}.rope.dimension_count`, `is ${found}, but the head length is ${keyHeadLength}`);
  }
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const kvLength = kvHeadCount * keyHeadLength;
  const requireMatrix = (name: string, rowLength: number, rows: number) =>
    requireShape(byName.get(name), name, [rowLength, rows], fail);
  requireMatrix(EMBEDDING_NAME, embeddingLength, model.vocabularySize);
  if (byName.has(OUTPUT_NAME)) requireMatrix(OUTPUT_NAME, embeddingLength, model.vocabularySize);
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
  fail: FailFigure,
): void {
  if (tensor === undefined) fail(`tensor ${name}`, "is missing");
  const { shape } = tensor;
  const [found, wanted] = [significantShape(shape), significantShape(expected)];
  if (found.length === wanted.length && found.every((length, index) => length === wanted[index])) return;
  fail(`tensor ${name}`, `has the shape ${shape.join(" × ")}, but the header requires ${expected.join(" × ")}`);
}
