import * as z from "zod/mini";
import { count } from "./field-types.js";
import { whenFirstUsed } from "./when-first-used.js";

/** What a model computes for one token: what its speed follows from. Experts count as often as they are used. */
export interface ModelWork {
  /** Weights of the layers that each token is multiplied with, by the type that they are stored in. */
  weights_by_type: Record<string, number>;
  /** Those of the output matrix, which is multiplied with the last token of a prompt and with each of an answer. */
  output_weights_by_type: Record<string, number>;
  layer_count: number;
  /** Numbers that a token is compared with and adds up for each token before it, by how far back it looks; null: all. */
  attention: { numbers_per_token: number; window_tokens: number | null }[];
  /** Numbers that recurrent layers keep and write anew with each token. */
  state_numbers: number;
}

const amount = () => z.number().check(z.minimum(0));
const byType = () => z.record(z.string(), amount());

export const modelWorkSource = whenFirstUsed(() =>
  z.strictObject({
    weights_by_type: byType(),
    output_weights_by_type: byType(),
    layer_count: count(),
    attention: z.array(z.strictObject({ numbers_per_token: amount(), window_tokens: z.nullable(count()) })),
    state_numbers: amount(),
  }),
);
