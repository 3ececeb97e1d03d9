import * as z from "zod/mini";
import { whenFirstUsed } from "./when-first-used.js";

/**
 * How far a quantized model's answers are expected to be from those of the model before it was quantized: the mean
 * Kullback–Leibler divergence of what comes next, in nats. 0.01 is hardly noticed, 0.1 is, from 0.5 on answers break down.
 * It compares a model with itself and never with another one.
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
