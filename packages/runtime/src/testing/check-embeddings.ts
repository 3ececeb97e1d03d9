import { NanoAgentError } from "@nanoagent/models";
import type { Engine } from "../engines/engine.js";

/** Checks the vectors of an engine that supports them, and closes it. `answers` checks that it can still answer. */
export async function checkEmbeddings(engine: Engine, answers: () => Promise<void>): Promise<void> {
  const texts = ["open the valve", "the weather in May", "open the valve", "Grüße, 世界"];
  const vectors = await vectorsOf(engine, texts);
  if (vectors === null) return;
  check(vectors.length === texts.length, `${vectors.length} vectors for ${texts.length} texts`);
  const size = vectors[0]?.length ?? 0;
  for (const vector of vectors) {
    check(size > 0 && vector.length === size, "the vectors have different sizes");
    check(Math.abs(Math.hypot(...vector) - 1) < 1e-6, `a vector has the length ${Math.hypot(...vector)}`);
  }
  const isNear = (one: number[] = [], other: number[] = []) =>
    one.reduce((sum, number, index) => sum + number * (other[index] ?? 0), 0) > 1 - 1e-4;
  check(isNear(vectors[0], vectors[2]), "the same text has different vectors");
  const [alone] = (await vectorsOf(engine, ["the weather in May"])) ?? [];
  check(isNear(alone, vectors[1]), "the vector of a text changes in a batch");
  check((await engine.embed?.([]))?.length === 0, "an empty list has vectors");
  check(
    (await failureOf(engine.embed?.(["a", " "]))) === "invalid-embedding-texts",
    "a text without words has a vector",
  );
  const aborted = await failureOf(engine.embed?.(texts, { signal: AbortSignal.abort() }));
  check(aborted === "aborted", `after an abort: ${aborted}`);
  await answers();
  await engine.close();
  const closed = await failureOf(engine.embed?.(texts));
  check(closed === "engine-closed", `after close: ${closed}`);
}

/** Returns the vectors of texts, or null for an engine without embeddings. */
async function vectorsOf(engine: Engine, texts: readonly string[]): Promise<number[][] | null> {
  try {
    return (await engine.embed?.(texts)) ?? null;
  } catch (error) {
    if (NanoAgentError.isInstance(error) && error.code === "embeddings-not-supported") return null;
    throw error;
  }
}

/** Returns the code of the error that a promise rejects with, or null if it resolves. */
async function failureOf(promise: Promise<unknown> | undefined): Promise<string | null> {
  try {
    await promise;
    return null;
  } catch (error) {
    return NanoAgentError.isInstance(error) ? error.code : String(error);
  }
}

function check(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise);
}
