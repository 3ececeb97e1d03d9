import type { EngineError } from "../engine-error.js";
import { LoadedModel } from "./loaded-model.js";

export interface LlamaSpeedOptions {
  modelPath: string;
  /** Thread counts to try. */
  threads: readonly number[];
  /** Context fill levels to measure, in tokens: a low and a high one. The largest sets the size of the context. */
  contextTokens: readonly number[];
  /** Tokens per batch, as in the plan. */
  batchTokens: number;
  mapsFile: boolean;
  signal?: AbortSignal | undefined;
  /** Clock in milliseconds. Default: wall-clock time. On a busy machine, pass this process's processor time. */
  clock?: (() => number) | undefined;
}

/** Speed of a model with this many threads and this many tokens in its context. */
export interface LlamaSpeed {
  threads: number;
  context_tokens: number;
  prefill_tokens_per_second: number;
  decode_tokens_per_second: number;
}

/** Reply tokens that are timed together. */
const TOKENS_PER_GROUP = 4;
/** The fastest try counts. Tries stop after this many in a row without a gain, or at the maximum. */
const TRIES_WITHOUT_GAIN = 4;
const MAX_TRIES = 24;
/** Smallest speedup that counts as a gain. */
const MIN_GAIN = 0.01;
/** Any token works, because the cost is the same for all. */
const TOKEN = 5;

/**
 * Measures llama.cpp with a model in this process: prefill and decode for each thread count and context fill level.
 * Tokens are not sampled, so a model without a tokenizer works, and one with all-zero weights is as fast as any. The
 * best of several tries counts, since other processes can only slow it down. Throws {@link EngineError} for a model
 * that cannot be loaded.
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
  /** Evaluates this many tokens together. Returns the milliseconds. */
  const evaluate = async (count: number): Promise<number> => {
    const tokens = new Array<number>(count).fill(TOKEN);
    const before = clock();
    await loaded.evaluate(position, tokens);
    position += count;
    return clock() - before;
  };
  /** Rewinds the context to this many tokens. A recurrent state cannot be rewound, so it is rebuilt. */
  const rewind = async (): Promise<void> => {
    if (position > 0 && loaded.removeFrom(filled)) {
      position = Math.min(position, filled);
    } else {
      loaded.removeFrom(0);
      position = 0;
    }
    while (position < filled) await evaluate(Math.min(batchTokens, filled - position));
  };
  // The first batch loads weights and code into memory.
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
