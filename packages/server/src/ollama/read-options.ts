import type { SamplingOptions } from "@nanoagent/runtime";
import { readSampling } from "../requests/read-sampling.js";
import { type Fields, fieldOf, readObject } from "../requests/request-fields.js";

/** Values that stand for no limit, all tokens and a random seed in Ollama's API: these and lower ones. */
const off = { num_predict: 0, top_k: -1, seed: -1 } as const;

/**
 * Reads `options`. Those of how the model is loaded (`num_ctx`, `num_gpu`, `num_thread`) are ignored, because the memory
 * budget of the agent decides. Throws {@link ServiceError}.
 */
export function readOptions(body: Fields): SamplingOptions | undefined {
  const options = readObject(body, "options");
  if (options === undefined) return undefined;
  return readSampling(
    {
      ...options,
      num_predict: isOff(options, "num_predict") ? undefined : options.num_predict,
      top_k: isOff(options, "top_k") ? -1 : options.top_k,
      seed: isOff(options, "seed") ? undefined : options.seed,
    },
    ["num_predict"],
  );
}

function isOff(options: Fields, name: keyof typeof off): boolean {
  const value = fieldOf(options, name);
  return typeof value === "number" && value <= off[name];
}
