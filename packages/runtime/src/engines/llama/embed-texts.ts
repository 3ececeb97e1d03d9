import { setImmediate as nextTurn } from "node:timers/promises";
import { wholeText } from "../../whole-text.js";
import { normalize } from "../embeddings.js";
import type { BatchThreads } from "./batch-threads.js";
import { contextExceeded } from "./context-exceeded.js";
import type { LoadedModel } from "./loaded-model.js";
import { textPieces } from "./text-pieces.js";

/**
 * Tokens that are evaluated at once. An abort is noticed in between; and for each of them there are a vector and the scores
 * of all tokens, which no plan has room for in large numbers.
 */
const BATCH_TOKENS = 16;
const SEQUENCE = 0;
const TO_THE_END = -1;

interface EmbedOptions {
  batchTokens: number;
  threads: BatchThreads;
  kvType: "f16" | "q8_0";
  isAborted: () => boolean;
  /** Called with the number of tokens that were evaluated. */
  onWork: (tokens: number) => void;
}

/**
 * Returns the mean of the vectors of each text's tokens, at length 1; null when aborted. The model's context must have been
 * given up: the one that is made for this, and goes with it, is not larger and takes its place in the memory budget.
 */
export async function embedTexts(
  loaded: LoadedModel,
  texts: readonly string[],
  { batchTokens, threads, kvType, isAborted, onWork }: EmbedOptions,
): Promise<number[][] | null> {
  const tokens = texts.map((text) => tokensOf(loaded, text));
  const longest = tokens.reduce((most, { length }) => Math.max(most, length), 1);
  if (longest > loaded.contextTokens) throw contextExceeded(longest, loaded.contextTokens);
  const batch = Math.min(BATCH_TOKENS, batchTokens);
  const options = { contextTokens: Math.min(loaded.contextTokens, Math.max(longest, batch)), batchTokens: batch };
  const context = await loaded.openContext({ ...options, threads: 1, kvType, embeddings: true });
  try {
    const vectors: number[][] = [];
    for (const all of tokens) {
      let sum: Float64Array | null = null;
      for (let at = 0; at < all.length; at += batch) {
        await nextTurn();
        if (isAborted()) return null;
        const some = Uint32Array.from(all.slice(at, at + batch));
        context.initBatch(some.length);
        context.addToBatch(
          SEQUENCE,
          at,
          some,
          some.map((_, index) => index),
        );
        await threads.evaluate(context, some.length, () => context.decodeBatch());
        onWork(some.length);
        for (let index = 1; index <= some.length; index++) sum = add(sum, context.getEmbedding(index));
      }
      context.removeTokenCellsFromSequence(SEQUENCE, 0, TO_THE_END);
      vectors.push(normalize(sum ?? []));
    }
    return vectors;
  } finally {
    await context.dispose();
  }
}

function add(sum: Float64Array | null, vector: Float64Array): Float64Array {
  return sum === null ? vector : sum.map((number, index) => number + (vector[index] ?? 0));
}

/** Tokens of a text, behind the model's own first one; none of them steers the model. */
function tokensOf({ vocabulary }: LoadedModel, text: string): number[] {
  const tokens = vocabulary.shouldPrependBosToken() ? [vocabulary.tokenBos()] : [];
  for (const piece of textPieces(wholeText(text))) tokens.push(...vocabulary.tokenize(piece, false));
  return tokens;
}
