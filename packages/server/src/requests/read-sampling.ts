import type { SamplingOptions } from "@nanoagent/runtime";
import { ServiceError } from "../errors/service-error.js";
import { type Fields, fieldOf, readNumber, shown, wrongType } from "./request-fields.js";

/** Most stop texts. Each one is searched for in every piece of a reply. */
const MAX_STOP_TEXTS = 16;
/** Longest stop text. Nothing of a reply can be sent while its end could be the beginning of a stop text. */
const MAX_STOP_CHARACTERS = 1000;
/** Seeds are numbers of 32 bits. Clients send longer ones. */
const SEEDS = 2 ** 32;

/**
 * Returns the sampling of a request, without the options that it leaves to the engine. `limits` names the fields for
 * the longest reply; the first one that is present counts.
 */
export function readSampling(body: Fields, limits: readonly string[]): SamplingOptions | undefined {
  const options: SamplingOptions = {
    maxTokens: limits.map((name) => readMaxTokens(body, name)).find((value) => value !== undefined),
    temperature: readNumber(body, "temperature", { minimum: 0, maximum: 100 }),
    topP: readNumber(body, "top_p", { minimum: 0, maximum: 1 }),
    topK: unlessOff(readNumber(body, "top_k", { minimum: -1, isInteger: true }), 0),
    minP: readNumber(body, "min_p", { minimum: 0, maximum: 1 }),
    repeatPenalty: readNumber(body, "repeat_penalty", { minimum: 0, maximum: 100 }),
    seed: readSeed(body),
    stop: readStop(body),
  };
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return given.length > 0 ? Object.fromEntries(given) : undefined;
}

/** -1 stands for no limit, as in llama.cpp. */
function readMaxTokens(body: Fields, name: string): number | undefined {
  const value = readNumber(body, name, { minimum: -1, isInteger: true });
  if (value === 0) throw wrongType(name, "a positive integer", value);
  return unlessOff(value, undefined);
}

function unlessOff<Off>(value: number | undefined, off: Off): number | Off | undefined {
  return value === -1 ? off : value;
}

/** -1 stands for a random seed, as in llama.cpp. */
function readSeed(body: Fields): number | undefined {
  const seed = readNumber(body, "seed", { minimum: Number.MIN_SAFE_INTEGER, isInteger: true });
  if (seed === undefined || seed === -1) return undefined;
  return ((seed % SEEDS) + SEEDS) % SEEDS;
}

function readStop(body: Fields): readonly string[] | undefined {
  const value = fieldOf(body, "stop");
  if (value === undefined) return undefined;
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (!texts.every((text) => typeof text === "string")) {
    const wrong = texts.find((text) => typeof text !== "string");
    const given = Array.isArray(value) ? `a list with ${shown(wrong)}` : shown(wrong);
    throw ServiceError.invalid("stop", `stop must be a text or a list of texts, not ${given}.`, "Send texts alone.");
  }
  const stop = texts.filter((text) => text !== "");
  if (stop.length > MAX_STOP_TEXTS) {
    throw ServiceError.invalid("stop", `stop has ${stop.length} texts. The limit is ${MAX_STOP_TEXTS}.`, "Send fewer.");
  }
  if (stop.some((text) => text.length > MAX_STOP_CHARACTERS)) {
    throw ServiceError.invalid(
      "stop",
      `A text of stop is longer than ${MAX_STOP_CHARACTERS} characters.`,
      "Send a shorter one.",
    );
  }
  return stop.length > 0 ? stop : undefined;
}
