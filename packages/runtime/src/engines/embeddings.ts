import { NanoRuntimeError } from "../nano-runtime-error.js";
import { onAbort } from "../on-abort.js";
import { EngineError } from "./engine-error.js";

/** Most texts that are embedded at a time: their vectors are all in memory together. */
export const MAX_EMBEDDED_TEXTS = 256;
/** Most characters of all these texts together. */
export const MAX_EMBEDDED_CHARACTERS = 1024 * 1024;

/** Throws {@link EngineError} `invalid-embedding-texts` for texts that no engine takes. */
export function checkEmbeddedTexts(texts: readonly string[]): void {
  if (texts.length > MAX_EMBEDDED_TEXTS) {
    throw invalid(`There are ${texts.length} texts to embed, and at most ${MAX_EMBEDDED_TEXTS} are taken at a time.`);
  }
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  if (characters > MAX_EMBEDDED_CHARACTERS) {
    throw invalid(
      `The texts to embed have ${characters} characters, and at most ${MAX_EMBEDDED_CHARACTERS} are taken.`,
    );
  }
  const blank = texts.findIndex((text) => text.trim() === "");
  if (blank >= 0) throw invalid(`Text ${blank + 1} of those to embed is empty.`);
}

/** Returns a vector of the same direction and of length 1. Throws for one that has no direction. */
export function normalize(vector: ArrayLike<number>): number[] {
  const length = Math.hypot(...Array.from(vector));
  if (!Number.isFinite(length) || length === 0) {
    throw new EngineError({
      code: "engine-failed",
      message: "The model made no usable vector of a text.",
      hint: "Use another model; this one may be damaged.",
    });
  }
  return Array.from(vector, (number) => number / length);
}

/** The error of an engine that makes no vectors. */
export function embeddingsNotSupported(engine: string, reason?: string): EngineError {
  return new EngineError({
    code: "embeddings-not-supported",
    message: `The ${engine} engine makes no vectors of texts (embeddings).`,
    reason,
    hint: "Load a local model, or name a server and a model that can.",
  });
}

/** Returns what a promise resolves to; rejects with `aborted` as soon as the signal aborts. */
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
    hint: "Ask for fewer or shorter texts at a time.",
  });
}
