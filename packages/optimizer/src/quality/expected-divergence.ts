import type { QualityForecast } from "@nanoagent/models";
import type { GgufHeader } from "../formats/gguf/gguf-header.js";
import { significantShape } from "../formats/significant-shape.js";
import { baseType } from "../speed/speed-prior.js";

/**
 * Mean Kullback–Leibler divergence from the 16-bit model, with all tensors in one type, for models of 0.8, 2, 4, 9 and
 * 27 billion parameters. Source: Thireus, GGUF-Tool-Suite, wiki.test.
 */
const PARAMETERS = [0.8e9, 2e9, 4e9, 9e9, 27e9] as const;
const DIVERGENCES: Readonly<Record<string, readonly number[]>> = {
  q8_0: [0.0015, 0.0013, 0.0013, 0.0011, 0.0007],
  q6_k: [0.0052, 0.0038, 0.0031, 0.0024, 0.0015],
  q5_k: [0.0201, 0.0141, 0.012, 0.0156, 0.0052],
  q4_k: [0.0656, 0.0433, 0.0339, 0.0288, 0.0142],
  iq4_xs: [0.0745, 0.0494, 0.037, 0.0243, 0.0154],
  q4_0: [0.1109, 0.0692, 0.0489, 0.0323, 0.0207],
  q3_k: [0.319, 0.208, 0.143, 0.087, 0.058],
  iq3_xxs: [0.501, 0.308, 0.212, 0.126, 0.087],
  q2_k: [1.3, 0.783, 0.537, 0.325, 0.187],
  iq2_s: [1.12, 0.742, 0.518, 0.306, 0.179],
  iq2_xxs: [2.91, 1.96, 1.12, 0.684, 0.383],
};
/** The nearest measured type for each type that was not measured. */
const NEAREST: Readonly<Record<string, string>> = {
  q5_1: "q5_k",
  q5_0: "q5_k",
  q4_1: "q4_k",
  iq4_nl: "iq4_xs",
  mxfp4: "q4_0",
  nvfp4: "q4_0",
  iq3_s: "q3_k",
  iq2_m: "iq2_s",
  iq2_xs: "iq2_s",
  iq1_s: "iq2_xxs",
  iq1_m: "iq2_xxs",
  tq1_0: "iq2_xxs",
  tq2_0: "iq2_xxs",
  q1_0: "iq2_xxs",
  q2_0: "iq2_xxs",
};
const UNQUANTIZED: ReadonlySet<string> = new Set(["f32", "f16", "bf16", "f64"]);
/** Spread between models of the same size: the five measured ones against a sixth of 4 billion parameters. */
const FACTOR_EITHER_WAY = 1.8;

/**
 * Estimates how far a quantized model's output diverges from the original. The divergences of the types add up,
 * weighted by their share of the weights. Null if the model has a type without any figures.
 */
export function expectedDivergence({ tensors }: Pick<GgufHeader, "tensors">): QualityForecast | null {
  const matrices = tensors.filter(({ shape }) => significantShape(shape).length >= 2);
  const parameters = matrices.reduce((sum, { weights }) => sum + weights, 0);
  if (parameters === 0) return null;
  let expected = 0;
  for (const { type, weights } of matrices) {
    if (UNQUANTIZED.has(type)) continue;
    const base = baseType(type);
    const known = DIVERGENCES[base] ?? DIVERGENCES[NEAREST[base] ?? ""];
    if (known === undefined) return null;
    expected += (weights / parameters) * interpolate(known, parameters);
  }
  return {
    grade: "prior",
    expected_divergence: expected,
    low: expected / FACTOR_EITHER_WAY,
    high: expected * FACTOR_EITHER_WAY,
  };
}

/** Interpolates linearly between the neighboring sizes on logarithmic axes, and extrapolates beyond the ends. */
function interpolate(divergences: readonly number[], parameters: number): number {
  const larger = PARAMETERS.findIndex((size) => size >= parameters);
  const upper = larger < 0 ? PARAMETERS.length - 1 : Math.max(1, larger);
  const [x0, x1] = [Math.log(PARAMETERS[upper - 1] ?? 1), Math.log(PARAMETERS[upper] ?? 1)];
  const [y0, y1] = [Math.log(divergences[upper - 1] ?? 1), Math.log(divergences[upper] ?? 1)];
  return Math.exp(y0 + ((Math.log(parameters) - x0) / (x1 - x0)) * (y1 - y0));
}
