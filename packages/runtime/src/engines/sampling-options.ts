import type { SamplingSettings } from "@nanoagent/models";
import type { SamplingOptions } from "./engine.js";

/** Converts sampling settings into the options of a request. Absent keys stay absent. */
export function samplingOptions(settings: SamplingSettings): SamplingOptions {
  const { temperature, top_p, top_k, min_p, repeat_penalty, seed, max_tokens, stop } = settings;
  const options: SamplingOptions = {
    temperature,
    topP: top_p,
    topK: top_k,
    minP: min_p,
    repeatPenalty: repeat_penalty,
    seed,
    maxTokens: max_tokens,
    stop,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
