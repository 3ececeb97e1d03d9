import { NanoRuntimeError } from "../nano-runtime-error.js";
import { onAbort } from "../on-abort.js";
import { EngineError } from "./engine-error.js";

/** Most texts per call. All of their vectors are in memory at the same time. */
export const MAX_EMBEDDED_TEXTS = 256;
/** Most characters per call, summed over all texts. */
export const MAX_EMBEDDED_CHARACTERS = 1024 * 1024;

/** Throws {@link EngineError} `invalid-embedding-texts` for texts that exceed a limit or are blank. */
export function checkEmbeddedTexts(texts: readonly string[]): void {
  if (texts.length > MAX_EMBEDDED_TEXTS) {
    throw invalid(`${texts.length} texts are too many for one embedding call. The limit is ${MAX_EMBEDDED_TEXTS}.`);
  }
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  if (characters > MAX_EMBEDDED_CHARACTERS) {
    throw invalid(
      `${characters} characters are too many for one embedding call. The limit is ${MAX_EMBEDDED_CHARACTERS}.`,
    );
  }
  const blank = texts.findIndex((text) => text.trim() === "");
  if (blank >= 0) throw invalid(`Text ${blank + 1} is blank and cannot be embedded.`);
}

/**
 * Returns a vector of the same direction with length 1. Throws for a zero vector and for values that are not finite.
 */
export function normalize(vector: ArrayLike<number>): number[] {
  const length = Math.hypot(...Array.from(vector));
  if (!Number.isFinite(length) || length === 0) {
    throw new EngineError({
      code: "engine-failed",
      message: "The model returned an unusable embedding.",
      hint: "Use another model. This file may be damaged.",
    });
  }
  return Array.from(vector, (number) => number / length);
}

/** Returns the error of an engine that does not support embeddings. */
export function embeddingsNotSupported(engine: string, reason?: string): EngineError {
  return new EngineError({
    code: "embeddings-not-supported",
    message: `The ${engine} engine does not support embeddings.`,
    reason,
    hint: "Use a local model, or a server and model that support embeddings.",
  });
}

/** Resolves or rejects like the given promise. Rejects with `aborted` as soon as the signal aborts. */
export function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stopListening = onAbort(signal, () => reject(NanoRuntimeError.aborted()));
    promise.then(resolve, reject).finally(stopListening);
  });
}

function invalid(message: string): EngineError {
  return new EngineError({
    code: "invalid-embedding-texts",
    message,
    hint: "Pass fewer, shorter and non-blank texts.",
  });
}
