import type { Agent } from "@nanoagent/runtime";

/** Most texts of one call of the engine, and most characters of these together. Other requests wait for one call at most. */
const MAX_BATCH_TEXTS = 16;
const MAX_BATCH_CHARACTERS = 2000;

/** Embeds texts in small batches. Between two of them, requests that wait for the engine have their turns. */
export async function embedInBatches(
  agent: Pick<Agent, "embed">,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<number[][]> {
  const vectors: number[][] = [];
  for (const batch of batchesOf(texts)) {
    for (const vector of await agent.embed(batch, { signal })) vectors.push(vector);
  }
  return vectors;
}

/** A text that is longer than a batch is a batch of its own. */
function* batchesOf(texts: readonly string[]): Generator<readonly string[]> {
  let batch: string[] = [];
  let characters = 0;
  for (const text of texts) {
    const isFull = batch.length === MAX_BATCH_TEXTS || characters + text.length > MAX_BATCH_CHARACTERS;
    if (isFull && batch.length > 0) {
      yield batch;
      batch = [];
      characters = 0;
    }
    batch.push(text);
    characters += text.length;
  }
  yield batch;
}
