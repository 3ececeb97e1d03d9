import { expect, it } from "vitest";
import { type TransformerShape, transformerShape } from "../../src/architectures/transformer-shape.js";
import { layOutBuffers } from "../../src/fit/lay-out-buffers.js";
import { shortenRepeats } from "../../src/fit/shorten-repeats.js";
import { transformerSteps } from "../../src/fit/transformer-steps.js";
import type { GgufHeader } from "../../src/formats/gguf/gguf-header.js";
import { architectureModel } from "../../src/testing/architecture-model.js";
import { ARCHITECTURE_MODELS } from "../../src/testing/known-models.js";
import { headerOf, headerOfContents } from "./header-of.js";
import { RECORDED_SHAPES } from "./recorded-engine-figures.js";

const headers = [
  ...Object.entries(RECORDED_SHAPES).map(([name, options]) => [name, headerOf(options)] as const),
  ...Object.entries(ARCHITECTURE_MODELS).map(
    ([name, [architecture, figures]]) => [name, headerOfContents(architectureModel(architecture, figures))] as const,
  ),
];

function layOut(
  shape: TransformerShape,
  layers: TransformerShape["layers"],
  batchTokens: number,
  contextCells: number,
) {
  const { family, embeddingLength, vocabularySize } = shape;
  const batch = { family, layers, embeddingLength, vocabularySize, batchTokens, contextCells, rotatesHeads: false };
  return layOutBuffers(transformerSteps({ ...batch, windowCells: 768 }));
}

it.each(headers)("%s needs the same buffer without its repeated layers", async (_, header) => {
  const shape = transformerShape(await header);
  const layers = shortenRepeats(shape.layers);
  for (const batchTokens of [16, 64, 512]) {
    for (const contextCells of [256, 4096, 32_768]) {
      expect(layOut(shape, layers, batchTokens, contextCells)).toEqual(
        layOut(shape, shape.layers, batchTokens, contextCells),
      );
    }
  }
});

it.each([
  ["SmolLM2-135M", 4],
  ["DeepSeek-V2-Lite", 1 + 4],
  ["Gemma-3-1B", 26],
])("%s is shortened to %i layers", async (name, count) => {
  const shape = transformerShape((await new Map(headers).get(name)) as GgufHeader);
  expect(shortenRepeats(shape.layers)).toHaveLength(count);
});
