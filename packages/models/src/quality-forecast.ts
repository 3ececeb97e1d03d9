import * as z from "zod/mini";
import { whenFirstUsed } from "./when-first-used.js";

/**
 * Expected loss of quality by quantization: the mean Kullback–Leibler divergence of the next token from that of the
 * unquantized model, in nats. 0.01 is hardly noticeable, 0.1 is noticeable, from 0.5 on replies break down. It does not
 * compare different models.
 */
export interface QualityForecast {
  /** `prior`: from published measurements of other models. */
  grade: "prior";
  expected_divergence: number;
  low: number;
  high: number;
}

const divergence = () => z.number().check(z.minimum(0));

export const qualityForecastSource = whenFirstUsed(() =>
  z.strictObject({
    grade: z.literal("prior"),
    expected_divergence: divergence(),
    low: divergence(),
    high: divergence(),
  }),
);
