import * as z from "zod/mini";
import { defineSchema } from "./define-schema.js";
import { count, positiveInteger } from "./field-types.js";
import { type MemoryLedger, memoryLedgerSource } from "./memory-ledger.js";
import { type ModelSummary, modelSummarySource } from "./model-summary.js";
import { type QualityForecast, qualityForecastSource } from "./quality-forecast.js";
import type { Schema } from "./schema.js";
import { type SpeedForecast, speedForecastSource } from "./speed-forecast.js";
import { whenFirstUsed } from "./when-first-used.js";

/** How to load a model on a device, and what that costs. */
export interface FitPlan {
  /** The file to load. */
  model_path: string;
  model: ModelSummary;
  /** The type that the file's weights have to be quantized to before; null: it is loaded as it is. */
  quantize_to: string | null;
  context_tokens: number;
  /**
   * Longest context that fits the same budget with the same batch and KV type, in tokens; at most what the model was trained
   * for. Absent: not known.
   */
  longest_context_tokens?: number | undefined;
  /** Element type of the KV cache: `f16`, `q8_0`. */
  kv_type: string;
  /** Tokens that prefill evaluates at once. */
  batch_tokens: number;
  prefill_threads: number;
  decode_threads: number;
  /** Whether weights are mapped from the file (evictable) or read into memory (pinned). */
  maps_file: boolean;
  /** Whether replies can be held to a schema: the ledger has room for the grammar. */
  constrains_output: boolean;
  /** Tokens of the context that scores which tool a message needs: the ledger has room for it. Absent: 0, there is none. */
  choosing_tokens?: number | undefined;
  /** Tokens that may be drafted and checked in one batch: the ledger has room for their logits. Absent: 0, none. */
  draft_tokens?: number | undefined;
  ledger: MemoryLedger;
  /** Null where nothing is known that it could stand on. */
  forecast: SpeedForecast | null;
  /** Null where nothing is known that it could stand on. */
  quality: QualityForecast | null;
}

export const fitPlanSource = whenFirstUsed(() =>
  z.strictObject({
    model_path: z.string().check(z.minLength(1)),
    model: modelSummarySource(),
    quantize_to: z.nullable(z.string().check(z.minLength(1))),
    context_tokens: positiveInteger(),
    longest_context_tokens: z.optional(positiveInteger()),
    kv_type: z.string().check(z.minLength(1)),
    batch_tokens: positiveInteger(),
    prefill_threads: positiveInteger(),
    decode_threads: positiveInteger(),
    maps_file: z.boolean(),
    constrains_output: z.boolean(),
    choosing_tokens: z.optional(count()),
    draft_tokens: z.optional(count()),
    ledger: memoryLedgerSource(),
    forecast: z.nullable(speedForecastSource()),
    quality: z.nullable(qualityForecastSource()),
  }),
);

export const FitPlan: Schema<FitPlan> = defineSchema<FitPlan, FitPlan>(fitPlanSource);
