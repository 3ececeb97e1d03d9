import * as z from "zod/mini";
import { defineSchema } from "./define-schema.js";
import { count, positiveInteger } from "./field-types.js";
import type { Schema } from "./schema.js";
import { whenFirstUsed } from "./when-first-used.js";

/** How a model chooses its words, and when a reply ends. An absent key has the engine's default. */
export interface SamplingSettings {
  /** Randomness. 0 always takes the likeliest token. */
  temperature?: number | undefined;
  top_p?: number | undefined;
  top_k?: number | undefined;
  min_p?: number | undefined;
  repeat_penalty?: number | undefined;
  /** Seed of the random choice: the same seed and request give the same reply. */
  seed?: number | undefined;
  /** Longest reply, in tokens, thinking included. Default: the room that is left in the context. */
  max_tokens?: number | undefined;
  /** Texts that end the reply. They are not part of it. */
  stop?: string[] | undefined;
}

/** Most stop texts. Each one is searched for in every piece of a reply. */
const MAX_STOP_TEXTS = 16;
/** Largest seed that llama.cpp accepts. */
const MAX_SEED = 2 ** 32 - 1;

const number = (minimum: number, maximum: number) => z.number().check(z.minimum(minimum), z.maximum(maximum));

export const samplingSource = whenFirstUsed(() =>
  z.strictObject({
    temperature: z.optional(number(0, 100)),
    top_p: z.optional(number(0, 1)),
    top_k: z.optional(count()),
    min_p: z.optional(number(0, 1)),
    repeat_penalty: z.optional(number(0, 100)),
    seed: z.optional(z.int().check(z.minimum(0), z.maximum(MAX_SEED))),
    max_tokens: z.optional(positiveInteger()),
    stop: z.optional(z.array(z.string().check(z.minLength(1))).check(z.maxLength(MAX_STOP_TEXTS))),
  }),
);

export const SamplingSettings: Schema<SamplingSettings, SamplingSettings> = defineSchema<
  SamplingSettings,
  SamplingSettings
>(samplingSource);
