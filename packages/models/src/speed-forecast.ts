import * as z from "zod/mini";
import { defineSchema } from "./define-schema.js";
import type { Schema } from "./schema.js";
import { whenFirstUsed } from "./when-first-used.js";

/** `measured`: this model on this device. `calibrated`: another model on this device. `prior`: the profile alone. */
export type ForecastGrade = "measured" | "calibrated" | "prior";

/** Expected rate, and its likely range. */
export interface ForecastLine {
  expected: number;
  low: number;
  high: number;
}

/** Expected speed of a model with an empty and with a full context, in tokens per second. */
export interface SpeedForecast {
  grade: ForecastGrade;
  prefill_at_start: ForecastLine;
  prefill_at_full_context: ForecastLine;
  decode_at_start: ForecastLine;
  decode_at_full_context: ForecastLine;
}

const rate = () => z.number().check(z.minimum(0));
const forecastLine = whenFirstUsed(() => z.strictObject({ expected: rate(), low: rate(), high: rate() }));

export const speedForecastSource = whenFirstUsed(() =>
  z.strictObject({
    grade: z.enum(["measured", "calibrated", "prior"]),
    prefill_at_start: forecastLine(),
    prefill_at_full_context: forecastLine(),
    decode_at_start: forecastLine(),
    decode_at_full_context: forecastLine(),
  }),
);

export const SpeedForecast: Schema<SpeedForecast> = defineSchema<SpeedForecast, SpeedForecast>(speedForecastSource);
