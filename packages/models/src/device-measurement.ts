import * as z from "zod/mini";
import { defineSchema } from "./define-schema.js";
import { positiveInteger } from "./field-types.js";
import { type ModelWork, modelWorkSource } from "./model-work.js";
import type { Schema } from "./schema.js";
import { whenFirstUsed } from "./when-first-used.js";

/** Best of several measurements of a rate, and their spread. */
export interface MeasuredRate {
  per_second: number;
  /** How far the median is below the best, as a share of the best: 0 to 1. */
  spread: number;
}

/** Read bandwidth of memory, in bytes per second. */
export interface BandwidthRow extends MeasuredRate {
  threads: number;
}

/** Weights of one type that a thread multiplies and adds per second. */
export interface DotProductRow extends MeasuredRate {
  type: string;
}

/** Measured speed of one model. Forecasts for other models are based on it. */
export interface SpeedCalibration {
  model: string;
  /** Storage type of most of its weights. */
  type: string;
  /** Computation for one token. */
  work: ModelWork;
  threads: number;
  /** Tokens in the context during the measurement. */
  context_tokens: number;
  prefill_tokens_per_second: number;
  decode_tokens_per_second: number;
}

/** Measurements of a device: one file in the user's state folder. Each kind of measurement fills in its part. */
export interface DeviceMeasurement {
  format: 1;
  /** Time of the newest measurement, ISO 8601. */
  measured_at: string;
  /** Device at that time. A measurement of another device is not used. */
  device: { platform: string; cpu_model: string | null; cpu_cores: number; memory_mb: number };
  /** Version of the engine that ran the calibrations; null without calibrations. */
  engine_version: string | null;
  bandwidth: BandwidthRow[];
  dot_products: DotProductRow[];
  storage_read: MeasuredRate | null;
  /** Share of the processors that other processes used meanwhile, 0 to 1. */
  contention: number | null;
  temperature_celsius: { before: number; after: number } | null;
  calibrations: SpeedCalibration[];
  /** Written by earlier versions. Not used. */
  thread_trials?: unknown[] | undefined;
}

const rate = () => z.number().check(z.minimum(0));
const share = () => z.number().check(z.minimum(0), z.maximum(1));
const rateFields = whenFirstUsed(() => ({ per_second: rate(), spread: share() }));
const name = () => z.string().check(z.minLength(1));
const speeds = whenFirstUsed(() => ({ prefill_tokens_per_second: rate(), decode_tokens_per_second: rate() }));

const deviceMeasurementSource = whenFirstUsed(() =>
  z.strictObject({
    format: z.literal(1),
    measured_at: z.iso.datetime(),
    device: z.strictObject({
      platform: name(),
      cpu_model: z.nullable(z.string()),
      cpu_cores: positiveInteger(),
      memory_mb: positiveInteger(),
    }),
    engine_version: z.nullable(z.string()),
    bandwidth: z.array(z.strictObject({ threads: positiveInteger(), ...rateFields() })),
    dot_products: z.array(z.strictObject({ type: name(), ...rateFields() })),
    storage_read: z.nullable(z.strictObject(rateFields())),
    contention: z.nullable(share()),
    temperature_celsius: z.nullable(z.strictObject({ before: z.number(), after: z.number() })),
    calibrations: z.array(
      z.strictObject({
        model: name(),
        type: name(),
        work: modelWorkSource(),
        threads: positiveInteger(),
        context_tokens: positiveInteger(),
        ...speeds(),
      }),
    ),
    thread_trials: z.optional(z.array(z.unknown())),
  }),
);

export const DeviceMeasurement: Schema<DeviceMeasurement> = defineSchema<DeviceMeasurement, DeviceMeasurement>(
  deviceMeasurementSource,
);
