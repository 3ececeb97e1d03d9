import { EngineError } from "../engine-error.js";
import { type AddonContext, loadLlamaAddon } from "./llama-addon.js";

export interface LlamaSpeedOptions {
  modelPath: string;
  /** Numbers of threads to try, each on its own. */
  threads: readonly number[];
  /** Tokens that are in the context when it is measured: a few, and many. The largest decides how large it is made. */
  contextTokens: readonly number[];
  /** Tokens that are read at once. Default: 64. */
  batchTokens?: number | undefined;
  mapsFile: boolean;
  signal?: AbortSignal | undefined;
  /** Milliseconds. Default: the time that passes; a busy machine is measured by the time that this process computes. */
  clock?: (() => number) | undefined;
}

/** How fast a model was with so many threads and so many tokens in its context. */
export interface LlamaSpeed {
  threads: number;
  context_tokens: number;
  prefill_tokens_per_second: number;
  decode_tokens_per_second: number;
}

/** Tokens of an answer that are timed together. */
const TOKENS_PER_GROUP = 4;
/** The fastest of several tries counts. It is tried until so many in a row were no faster, and not for ever. */
const TRIES_WITHOUT_GAIN = 4;
const MOST_TRIES = 24;
/** A try that is faster by less is no gain. */
const LEAST_GAIN = 0.01;
const DEFAULT_BATCH_TOKENS = 64;
/** Any token will do: the work is the same for each. */
const TOKEN = 5;
const SEQUENCE = 0;
const TO_THE_END = -1;

/**
 * How fast llama.cpp is with a model in this process: prefill and decode for each number of threads and each filling of
 * the context. Tokens are not chosen, so a model without a tokenizer will do, and one whose weights are all zero is as
 * fast as any. The best of several tries counts, since other processes can only make it slower. Throws
 * {@link EngineError} for a model that cannot be loaded.
 */
export async function measureLlamaSpeed(options: LlamaSpeedOptions): Promise<LlamaSpeed[]> {
  const {
    modelPath,
    threads,
    contextTokens,
    batchTokens = DEFAULT_BATCH_TOKENS,
    mapsFile,
    signal,
    clock = () => performance.now(),
  } = options;
  const room = Math.max(...contextTokens) + Math.max(batchTokens, TOKENS_PER_GROUP);
  let lastMessage = "";
  const addon = await loadLlamaAddon((_, message) => {
    lastMessage = message.trim();
  });
  const model = new addon.AddonModel(modelPath, {
    addonExports: addon,
    gpuLayers: 0,
    useMmap: mapsFile,
    useMlock: false,
    checkTensors: false,
    vocabOnly: false,
    hasLoadAbortSignal: false,
  });
  if (!(await model.init())) throw failed(`The model ${modelPath} cannot be loaded.`, lastMessage);
  try {
    const context = new addon.AddonContext(model, {
      contextSize: room,
      batchSize: batchTokens,
      sequences: 1,
      flashAttention: true,
      threads: threads[0] ?? 1,
      embeddings: false,
      ranking: false,
      performanceTracking: false,
      swaFullCache: false,
    });
    if (!(await context.init())) throw failed(`A context of ${room} tokens could not be made.`, lastMessage);
    try {
      const speeds: LlamaSpeed[] = [];
      for (const count of threads) {
        context.setThreads(count);
        for (const filled of [...contextTokens].sort((one, other) => one - other)) {
          signal?.throwIfAborted();
          speeds.push({
            threads: count,
            context_tokens: filled,
            ...(await measureAt(context, filled, batchTokens, clock)),
          });
        }
        context.removeTokenCellsFromSequence(SEQUENCE, 0, TO_THE_END);
      }
      return speeds;
    } finally {
      await context.dispose();
    }
  } finally {
    await model.dispose();
  }
}

async function measureAt(
  context: AddonContext,
  filled: number,
  batchTokens: number,
  clock: () => number,
): Promise<Pick<LlamaSpeed, "prefill_tokens_per_second" | "decode_tokens_per_second">> {
  context.removeTokenCellsFromSequence(SEQUENCE, 0, TO_THE_END);
  let position = 0;
  /** Milliseconds that so many tokens take, evaluated together. */
  const evaluate = async (tokens: number): Promise<number> => {
    const before = clock();
    context.initBatch(tokens);
    const batch = new Uint32Array(tokens).fill(TOKEN);
    context.addToBatch(SEQUENCE, position, batch, Uint32Array.of(tokens - 1));
    await context.decodeBatch();
    position += tokens;
    return clock() - before;
  };
  /** Goes back to where so many tokens are in the context. A recurrent state cannot go back: it is made anew. */
  const rewind = async (): Promise<void> => {
    if (position > 0 && context.removeTokenCellsFromSequence(SEQUENCE, filled, TO_THE_END)) {
      position = Math.min(position, filled);
    } else {
      context.removeTokenCellsFromSequence(SEQUENCE, 0, TO_THE_END);
      position = 0;
    }
    while (position < filled) await evaluate(Math.min(batchTokens, filled - position));
  };
  // The first batch brings weights and code into memory.
  await evaluate(batchTokens);
  const fastest = async (once: () => Promise<number>): Promise<number> => {
    let best = Number.POSITIVE_INFINITY;
    for (let tries = 0, withoutGain = 0; tries < MOST_TRIES && withoutGain < TRIES_WITHOUT_GAIN; tries++) {
      await rewind();
      const milliseconds = await once();
      withoutGain = milliseconds < best * (1 - LEAST_GAIN) ? 0 : withoutGain + 1;
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

function failed(message: string, reason: string): EngineError {
  return new EngineError({
    code: "engine-failed",
    message,
    reason: reason || undefined,
    hint: "Is the file whole, and is there memory enough?",
  });
}
