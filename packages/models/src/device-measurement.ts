import * as z from "zod/mini";
import { defineSchema } from "./define-schema.js";
import { positiveInteger } from "./field-types.js";
import { type ModelWork, modelWorkSource } from "./model-work.js";
import type { Schema } from "./schema.js";
import { whenFirstUsed } from "./when-first-used.js";

/** A rate that was measured several times: the best, and how far the others were from it. */
export interface MeasuredRate {
  per_second: number;
  /** Of the best, the share by which the median was worse: 0 to 1. */
  spread: number;
}

/** How fast memory is read, by this many threads together. */
export interface BandwidthRow extends MeasuredRate {
  threads: number;
}

/** Weights that one thread multiplies and adds, of a type as in model files. */
export interface DotProductRow extends MeasuredRate {
  type: string;
}

/** How fast one model was, measured through the engine: what forecasts of other models stand on. */
export interface SpeedCalibration {
  model: string;
  /** How most of its weights are stored. */
  type: string;
  /** What it computes for one token. */
  work: ModelWork;
  threads: number;
  /** Tokens that were in its context meanwhile. */
  context_tokens: number;
  prefill_tokens_per_second: number;
  decode_tokens_per_second: number;
}

/** What was measured on a device: one file in the user's state folder. Whoever measures fills in its own part. */
export interface DeviceMeasurement {
  format: 1;
  /** When the newest part was measured, ISO 8601. */
  measured_at: string;
  /** What the device was then: another device's measurement is of no use. */
  device: { platform: string; cpu_model: string | null; cpu_cores: number; memory_mb: number };
  /** That of the engine which the calibrations ran on; null where there are none. */
  engine_version: string | null;
  bandwidth: BandwidthRow[];
  dot_products: DotProductRow[];
  storage_read: MeasuredRate | null;
  /** The share of the processors that others used meanwhile, 0 to 1. */
  contention: number | null;
  temperature_celsius: { before: number; after: number } | null;
  calibrations: SpeedCalibration[];
  /** Files of earlier versions have trials of threads. Nothing reads them. */
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
