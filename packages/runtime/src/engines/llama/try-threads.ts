import type { ThreadSpeed } from "../host/host-protocol.js";
import type { LoadedModel } from "./loaded-model.js";

/** The first reply waits for the trials: a slow model is tried with two numbers of threads, and with each only once. */
const TRIAL_MILLISECONDS = 2_000;
const SLOW_MILLISECONDS = 400;
const FEWEST_TRIALS = 2;
const PREFILL_TOKENS = 16;
const DECODE_TOKENS = 4;
/** Any token will do: the work is the same for each. */
const TOKEN = 5;

/**
 * Measures a loaded model with each of these numbers of threads, in this order, within about two seconds. The context
 * is empty before and after. `onStep` is called after each batch: a large model takes seconds for one.
 */
export async function tryThreads(
  loaded: LoadedModel,
  threads: readonly number[],
  batchTokens: number,
  onStep: () => void = () => {},
): Promise<ThreadSpeed[]> {
  const began = performance.now();
  const trials: ThreadSpeed[] = [];
  const evaluate = async (position: number, count: number): Promise<number> => {
    const before = performance.now();
    await loaded.evaluate(position, new Array<number>(count).fill(TOKEN));
    onStep();
    return performance.now() - before;
  };
  const prefillTokens = Math.min(PREFILL_TOKENS, batchTokens);
  for (const count of threads) {
    if (trials.length >= FEWEST_TRIALS && performance.now() - began > TRIAL_MILLISECONDS) break;
    loaded.setThreads(count);
    let prefill = await evaluate(0, prefillTokens);
    // The first batch brings the weights into memory, so the better of two counts.
    if (prefill < SLOW_MILLISECONDS || trials.length === 0) {
      loaded.removeFrom(0);
      prefill = Math.min(prefill, await evaluate(0, prefillTokens));
    }
    let decode = Number.POSITIVE_INFINITY;
    const decodeBegan = performance.now();
    for (let token = 0; token < DECODE_TOKENS; token++) {
      decode = Math.min(decode, await evaluate(prefillTokens + token, 1));
      if (performance.now() - decodeBegan > SLOW_MILLISECONDS) break;
    }
    loaded.removeFrom(0);
    trials.push({
      threads: count,
      prefill_tokens_per_second: (1000 * prefillTokens) / prefill,
      decode_tokens_per_second: 1000 / decode,
    });
  }
  return trials;
}
