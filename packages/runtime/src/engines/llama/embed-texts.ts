import { setImmediate as nextTurn } from "node:timers/promises";
import { wholeText } from "../../whole-text.js";
import { normalize } from "../embeddings.js";
import type { BatchThreads } from "./batch-threads.js";
import { contextExceeded } from "./context-exceeded.js";
import type { LoadedModel } from "./loaded-model.js";
import { textPieces } from "./text-pieces.js";

/**
 * Tokens per batch. Aborts take effect between batches. Each token needs an embedding and logits for the whole
 * vocabulary, and plans have no memory for many of those.
 */
const BATCH_TOKENS = 16;
const SEQUENCE = 0;
const TO_THE_END = -1;

interface EmbedOptions {
  batchTokens: number;
  threads: BatchThreads;
  kvType: "f16" | "q8_0";
  isAborted: () => boolean;
  /** Called with the number of evaluated tokens. */
  onWork: (tokens: number) => void;
}

/**
 * Returns the normalized mean of the token embeddings of each text, or null if aborted. The model's context must have
 * been released first: the temporary context used here is not larger and takes its share of the memory budget.
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

/** Tokens of a text after the model's BOS token. Control tokens in the text are plain text. */
function tokensOf({ vocabulary }: LoadedModel, text: string): number[] {
  const tokens = vocabulary.shouldPrependBosToken() ? [vocabulary.tokenBos()] : [];
  for (const piece of textPieces(wholeText(text))) tokens.push(...vocabulary.tokenize(piece, false));
  return tokens;
}
