import { SamplingSettings } from "@nanoagent/models";
import type { SamplingOptions } from "@nanoagent/runtime";
import { ServiceError } from "../errors/service-error.js";
import { type Fields, readField } from "./read-field.js";

/** Number of different seeds. */
const SEEDS = 2 ** 32;

/** Longest stop text. Nothing of a reply can be sent while its end could be the beginning of a stop text. */
const MAX_STOP_CHARACTERS = 1000;

/** Settings that have another name as options of a request. */
const ownNames: Readonly<Record<string, keyof SamplingOptions>> = {
  max_tokens: "maxTokens",
  top_k: "topK",
  top_p: "topP",
  min_p: "minP",
  repeat_penalty: "repeatPenalty",
};

/** Options that have the same name and meaning in nanoagent's settings. */
const sameNames = ["temperature", "top_p", "min_p", "repeat_penalty"] as const;

/**
 * Reads `options`. Those of how the model is loaded (`num_ctx`, `num_gpu`, `num_thread`) are ignored, because the memory
 * budget of the agent decides. Throws {@link ServiceError}.
 */
export function readOptions(body: Fields): SamplingOptions | undefined {
  const options = readField(body, "options", "object");
  if (options === undefined) return undefined;
  const settings: Record<string, unknown> = {};
  for (const name of sameNames) if (isGiven(options[name])) settings[name] = options[name];
  const { num_predict, top_k, seed, stop } = options;
  // Ollama reads -1 and 0 as no limit, a negative seed as a random one, and no top_k as all tokens.
  if (isGiven(num_predict) && !isAtMost(num_predict, 0)) settings.max_tokens = num_predict;
  if (isGiven(top_k)) settings.top_k = isAtMost(top_k, 0) ? 0 : top_k;
  if (isGiven(seed) && !isAtMost(seed, -1)) settings.seed = Number.isSafeInteger(seed) ? Number(seed) % SEEDS : seed;
  if (isGiven(stop)) settings.stop = readStop(stop);
  return asSampling(settings);
}

function asSampling(given: Fields): SamplingOptions | undefined {
  const checked = SamplingSettings.safeParse(given);
  if (!checked.success) {
    const { path, message } = checked.issues[0] ?? { path: [], message: "is not valid" };
    const name = `options.${path[0] === "max_tokens" ? "num_predict" : path[0]}`;
    throw ServiceError.invalid(name, `"${name}" is not valid: ${message}.`);
  }
  const options = Object.entries(checked.value).map(([name, value]) => [ownNames[name] ?? name, value] as const);
  const set = options.filter(([, value]) => value !== undefined);
  return set.length > 0 ? Object.fromEntries(set) : undefined;
}

/** A list of texts, or one text. Empty texts would end every reply, and are left out. */
function readStop(stop: unknown): unknown {
  const list = typeof stop === "string" ? [stop] : stop;
  if (!Array.isArray(list)) return list;
  if (list.some((text) => typeof text === "string" && text.length > MAX_STOP_CHARACTERS)) {
    const message = `A text of "options.stop" is longer than ${MAX_STOP_CHARACTERS} characters.`;
    throw ServiceError.invalid("options.stop", message, "Send a shorter one.");
  }
  const texts = list.filter((text) => text !== "");
  return texts.length > 0 ? texts : undefined;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isAtMost(value: unknown, limit: number): boolean {
  return typeof value === "number" && value <= limit;
}
