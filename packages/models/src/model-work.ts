import * as z from "zod/mini";
import { count } from "./field-types.js";
import { whenFirstUsed } from "./when-first-used.js";

/** Computation of a model for one token, from which its speed follows. Experts count as often as they are used. */
export interface ModelWork {
  /** Weights of the layers that each token is multiplied with, by storage type. */
  weights_by_type: Record<string, number>;
  /** Weights of the output matrix, by storage type. Used for the last token of a prompt and each token of a reply. */
  output_weights_by_type: Record<string, number>;
  layer_count: number;
  /** Numbers that a token reads for each earlier token, by length of the attention window. Null: whole context. */
  attention: { numbers_per_token: number; window_tokens: number | null }[];
  /** Numbers that recurrent layers update with each token. */
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
