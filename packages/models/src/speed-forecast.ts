import * as z from "zod/mini";
import { defineSchema } from "./define-schema.js";
import type { Schema } from "./schema.js";
import { whenFirstUsed } from "./when-first-used.js";

/** `measured`: this device, this model; `calibrated`: this device, another model; `prior`: the profile alone. */
export type ForecastGrade = "measured" | "calibrated" | "prior";

/** A predicted rate and how sure it is. */
export interface ForecastLine {
  expected: number;
  low: number;
  high: number;
}

/** How fast a model will be, in tokens per second, with an empty and with a full context. */
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
