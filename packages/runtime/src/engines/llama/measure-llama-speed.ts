import type { EngineError } from "../engine-error.js";
import { LoadedModel } from "./loaded-model.js";

export interface LlamaSpeedOptions {
  modelPath: string;
  /** Numbers of threads to try. */
  threads: readonly number[];
  /** Numbers of tokens in the context when it is measured: a few, and many. The largest decides its size. */
  contextTokens: readonly number[];
  /** Tokens that are evaluated together: those of the plan. */
  batchTokens: number;
  mapsFile: boolean;
  signal?: AbortSignal | undefined;
  /** Clock in milliseconds. Default: the time that passes; a busy machine is measured by this process's processor time. */
  clock?: (() => number) | undefined;
}

/** Speed of a model with this many threads and this many tokens in its context. */
export interface LlamaSpeed {
  threads: number;
  context_tokens: number;
  prefill_tokens_per_second: number;
  decode_tokens_per_second: number;
}

/** Tokens of an answer that are timed together. */
const TOKENS_PER_GROUP = 4;
/** The fastest of several tries counts: it is tried until this many in a row were no faster, and at most so often. */
const TRIES_WITHOUT_GAIN = 4;
const MAX_TRIES = 24;
/** Least share by which a try must be faster to count as a gain. */
const MIN_GAIN = 0.01;
/** Any token will do: the work is the same for each. */
const TOKEN = 5;

/**
 * Measures llama.cpp with a model in this process: prefill and decode for each number of threads and each filling of the
 * context. Tokens are not chosen, so a model without a tokenizer will do, and one whose weights are all zero is as fast as
 * any. The best of several tries counts, since other processes can only make it slower. Throws {@link EngineError} for a
 * model that cannot be loaded.
 */
export async function measureLlamaSpeed(options: LlamaSpeedOptions): Promise<LlamaSpeed[]> {
  const { modelPath, threads, contextTokens, batchTokens, mapsFile, signal, clock = () => performance.now() } = options;
  const room = Math.max(...contextTokens) + Math.max(batchTokens, TOKENS_PER_GROUP);
  const loaded = await LoadedModel.open({
    modelPath,
    contextTokens: room,
    batchTokens,
    threads: threads[0] ?? 1,
    mapsFile,
  });
  try {
    const speeds: LlamaSpeed[] = [];
    for (const count of threads) {
      loaded.setThreads(count);
      for (const filled of [...contextTokens].sort((one, other) => one - other)) {
        signal?.throwIfAborted();
        const speed = await measureAt(loaded, filled, batchTokens, clock);
        speeds.push({ threads: count, context_tokens: filled, ...speed });
      }
      loaded.removeFrom(0);
    }
    return speeds;
  } finally {
    await loaded.close();
  }
}

async function measureAt(
  loaded: LoadedModel,
  filled: number,
  batchTokens: number,
  clock: () => number,
): Promise<Pick<LlamaSpeed, "prefill_tokens_per_second" | "decode_tokens_per_second">> {
  loaded.removeFrom(0);
  let position = 0;
  /** Evaluates this many tokens together; returns the milliseconds that they took. */
  const evaluate = async (count: number): Promise<number> => {
    const tokens = new Array<number>(count).fill(TOKEN);
    const before = clock();
    await loaded.evaluate(position, tokens);
    position += count;
    return clock() - before;
  };
  /** Goes back to where this many tokens are in the context. A recurrent state cannot go back: it is made anew. */
  const rewind = async (): Promise<void> => {
    if (position > 0 && loaded.removeFrom(filled)) {
      position = Math.min(position, filled);
    } else {
      loaded.removeFrom(0);
      position = 0;
    }
    while (position < filled) await evaluate(Math.min(batchTokens, filled - position));
  };
  // The first batch brings weights and code into memory.
  await evaluate(batchTokens);
  const fastest = async (once: () => Promise<number>): Promise<number> => {
    let best = Number.POSITIVE_INFINITY;
    for (let tries = 0, withoutGain = 0; tries < MAX_TRIES && withoutGain < TRIES_WITHOUT_GAIN; tries++) {
      await rewind();
      const milliseconds = await once();
      withoutGain = milliseconds < best * (1 - MIN_GAIN) ? 0 : withoutGain + 1;
      best = Math.min(best, milliseconds);
    }
    return best;
  };
  const prefill = await fastest(() => evaluate(batchTokens));
  const decode = await fastest(async () => {
    let milliseconds = 0;
    for (let token = 0; token < TOKENS_PER_GROUP; token++) milliseconds += await evaluate(1);
    return milliseconds;
  });
  return {
    prefill_tokens_per_second: (batchTokens / prefill) * 1000,
    decode_tokens_per_second: (TOKENS_PER_GROUP / decode) * 1000,
  };
}
