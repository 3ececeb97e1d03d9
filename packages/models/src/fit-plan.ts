import * as z from "zod/mini";
import { defineSchema } from "./define-schema.js";
import { count, positiveInteger } from "./field-types.js";
import { type MemoryLedger, memoryLedgerSource } from "./memory-ledger.js";
import { type ModelSummary, modelSummarySource } from "./model-summary.js";
import { type QualityForecast, qualityForecastSource } from "./quality-forecast.js";
import type { Schema } from "./schema.js";
import { type SpeedForecast, speedForecastSource } from "./speed-forecast.js";
import { whenFirstUsed } from "./when-first-used.js";

/** How to load a model on a device, and the memory that it needs. */
export interface FitPlan {
  model_path: string;
  model: ModelSummary;
  /** Type to quantize the weights to before loading; null: load the file unchanged. */
  quantize_to: string | null;
  context_tokens: number;
  /**
   * Longest context that fits the same budget with the same batch and KV type, in tokens; at most what the model was
   * trained for. Absent: unknown.
   */
  longest_context_tokens?: number | undefined;
  /** Element type of the KV cache: `f16`, `q8_0`. */
  kv_type: string;
  /** Prompt tokens that are evaluated at once. */
  batch_tokens: number;
  prefill_threads: number;
  decode_threads: number;
  /** Whether weights are mapped from the file (evictable) or read into memory (pinned). */
  maps_file: boolean;
  /** Whether the ledger includes memory for holding replies to a schema. */
  constrains_output: boolean;
  /** Length of the second context that scores the tools for a message, in tokens. Absent or 0: there is none. */
  choosing_tokens?: number | undefined;
  /** Tokens that may be drafted and checked in one batch. The ledger includes their logits. Absent or 0: no drafts. */
  draft_tokens?: number | undefined;
  ledger: MemoryLedger;
  /** Null: unknown. */
  forecast: SpeedForecast | null;
  /** Null: unknown. */
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
