import type { ThreadTrial } from "@nanoagent/models";
import type { AddonContext } from "./llama-addon.js";

/** The first reply waits for it: slow models are tried with two numbers of threads, and each only once. */
const TRIAL_MILLISECONDS = 2_000;
const SLOW_MILLISECONDS = 400;
const FEWEST_TRIALS = 2;
const PREFILL_TOKENS = 16;
const DECODE_TOKENS = 4;
/** Any token will do: the work is the same for each. */
const TOKEN = 5;
const SEQUENCE = 0;
const TO_THE_END = -1;

/**
 * How fast a loaded model is with these numbers of threads, the most first, within about two seconds. The context is
 * empty before and after. `onStep` is called after each batch: a large model takes seconds for one.
 */
export async function tryThreads(
  context: AddonContext,
  threads: readonly number[],
  batchTokens: number,
  onStep: () => void = () => {},
): Promise<Omit<ThreadTrial, "model">[]> {
  const began = performance.now();
  const trials: Omit<ThreadTrial, "model">[] = [];
  const evaluate = async (position: number, tokens: number): Promise<number> => {
    const before = performance.now();
    context.initBatch(tokens);
    context.addToBatch(SEQUENCE, position, new Uint32Array(tokens).fill(TOKEN), Uint32Array.of(tokens - 1));
    await context.decodeBatch();
    onStep();
    return performance.now() - before;
  };
  const forget = () => context.removeTokenCellsFromSequence(SEQUENCE, 0, TO_THE_END);
  const prefillTokens = Math.min(PREFILL_TOKENS, batchTokens);
  for (const count of [...threads].sort((one, other) => other - one)) {
    if (trials.length >= FEWEST_TRIALS && performance.now() - began > TRIAL_MILLISECONDS) break;
    context.setThreads(count);
    let prefill = await evaluate(0, prefillTokens);
    // The first time, weights come into memory; the better of two counts.
    if (prefill < SLOW_MILLISECONDS || trials.length === 0) {
      forget();
      prefill = Math.min(prefill, await evaluate(0, prefillTokens));
    }
    let decode = Number.POSITIVE_INFINITY;
    const decodeBegan = performance.now();
    for (let token = 0; token < DECODE_TOKENS; token++) {
      decode = Math.min(decode, await evaluate(prefillTokens + token, 1));
      if (performance.now() - decodeBegan > SLOW_MILLISECONDS) break;
    }
    forget();
    trials.push({
      threads: count,
      prefill_tokens_per_second: (1000 * prefillTokens) / prefill,
      decode_tokens_per_second: 1000 / decode,
    });
  }
  return trials;
}
