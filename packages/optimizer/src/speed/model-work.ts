import type { ModelWork } from "@nanoagent/models";
import { transformerShape } from "../architectures/transformer-shape.js";
import type { GgufHeader, GgufTensor } from "../formats/gguf/gguf-header.js";
import { isExpertMatrix, isLookupTable, vocabularyMatrices } from "../formats/gguf/tensor-names.js";
import { significantShape } from "../formats/significant-shape.js";

/** Returns the work that a model computes for one token. Throws {@link InvalidModelFileError} as planning does. */
export function modelWork(header: GgufHeader): ModelWork {
  const shape = transformerShape(header);
  const experts = shape.layers.map(({ feedForward }) => feedForward).find(({ expertCount }) => expertCount > 0);
  const usedShare = experts === undefined ? 1 : experts.usedExperts / experts.expertCount;
  const matrices = vocabularyMatrices(header);
  const output = matrices.output ?? matrices.embedding;
  const layers = header.tensors.filter(
    (tensor) => tensor !== output && isMatrix(tensor) && !isLookupTable(tensor.name),
  );
  const attention = new Map<number | null, number>();
  let state = 0;
  for (const { mixer } of shape.layers) {
    if (mixer.kind === "attention") {
      const numbers = mixer.headCount * (mixer.keyHeadLength + mixer.valueHeadLength);
      attention.set(mixer.windowTokens, (attention.get(mixer.windowTokens) ?? 0) + numbers);
    } else if (mixer.kind === "latent-attention") {
      const numbers = mixer.headCount * (2 * mixer.latentLength + mixer.turnedLength);
      attention.set(null, (attention.get(null) ?? 0) + numbers);
    } else {
      state += mixer.stateNumbers + mixer.convolutionNumbers;
    }
  }
  return {
    weights_by_type: weightsByType(layers, ({ name, weights }) => weights * (isExpertMatrix(name) ? usedShare : 1)),
    output_weights_by_type: output === undefined ? {} : weightsByType([output], ({ weights }) => weights),
    layer_count: shape.layers.length,
    attention: [...attention].map(([window_tokens, numbers_per_token]) => ({ numbers_per_token, window_tokens })),
    state_numbers: state,
  };
}

/** Returns the type of most of a model's multiplied weights, which is the type that a calibration with it measures. */
export function mainType({ weights_by_type }: ModelWork): string {
  const [most] = Object.entries(weights_by_type).sort(([, one], [, other]) => other - one);
  return most?.[0] ?? "f32";
}

function isMatrix({ name, shape }: GgufTensor): boolean {
  return name.endsWith(".weight") && significantShape(shape).length >= 2;
}

function weightsByType(
  tensors: readonly GgufTensor[],
  weightsOf: (tensor: GgufTensor) => number,
): Record<string, number> {
  const sums = new Map<string, number>();
  for (const tensor of tensors) sums.set(tensor.type, (sums.get(tensor.type) ?? 0) + weightsOf(tensor));
  return Object.fromEntries(sums);
}
