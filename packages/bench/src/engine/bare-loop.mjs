import { loadAddon } from "./load-addon.mjs";
import { cpuMillisecondsOfTree } from "./process-tree.mjs";

const SEQUENCE = 0;
const F16 = 1;
const GREEDY = { temperature: 0, topK: 40, topP: 0.95, minP: 0.05, seed: 1 };

/**
 * Work for the bare loop. Without a short prompt, it begins with the long one.
 *
 * @typedef {Omit<import("./model-task.mjs").ModelTask, "shortPrompt"> & { shortPrompt?: string, onFirstToken?: () => void }} BareTask
 */

/**
 * Runs a task with direct calls of llama.cpp's add-on. All engines are compared with it.
 *
 * @param {string} addonPackage folder of the package with the library
 * @param {BareTask} task
 * @returns {Promise<{ prefill: import("./model-task.mjs").Work, decode: import("./model-task.mjs").Work }>}
 */
export async function runBareLoop(
  addonPackage,
  {
    modelPath,
    contextTokens,
    batchTokens,
    threads,
    shortPrompt = "",
    prompt,
    question = "",
    replyTokens,
    mostMilliseconds = Number.POSITIVE_INFINITY,
    onFirstToken = () => {},
  },
) {
  const addon = await loadAddon(addonPackage);
  const model = new addon.AddonModel(modelPath, {
    addonExports: addon,
    gpuLayers: 0,
    useMmap: true,
    useMlock: false,
    checkTensors: false,
    vocabOnly: false,
    hasLoadAbortSignal: false,
  });
  if (!(await model.init())) throw new Error(`llama.cpp cannot load ${modelPath}`);
  const context = new addon.AddonContext(model, {
    contextSize: contextTokens,
    batchSize: batchTokens,
    sequences: 1,
    flashAttention: true,
    threads,
    embeddings: false,
    ranking: false,
    performanceTracking: false,
    swaFullCache: false,
    kvCacheKeyType: F16,
    kvCacheValueType: F16,
  });
  if (!(await context.init())) throw new Error("llama.cpp cannot create the context");
  const sampler = new addon.AddonSampler(model);
  sampler.applyConfig(GREEDY);
  let position = 0;
  /** @param {Uint32Array} piece */
  const evaluate = async (piece) => {
    context.initBatch(piece.length);
    const [index] = context.addToBatch(SEQUENCE, position, piece, Uint32Array.of(piece.length - 1));
    await context.decodeBatch();
    position += piece.length;
    return index;
  };
  /** @param {string} text @param {Stopwatch} watch */
  const read = async (text, watch) => {
    const tokens = model.tokenize(text, true);
    let logits = 0;
    for (let start = 0; start < tokens.length && !watch.isOver(); start += batchTokens) {
      logits = await evaluate(tokens.subarray(start, start + batchTokens));
      watch.count(Math.min(batchTokens, tokens.length - start));
    }
    return context.sampleToken(logits, sampler);
  };
  if (shortPrompt !== "") await read(shortPrompt, stopwatch());
  const reading = stopwatch(mostMilliseconds);
  let token = await read(prompt, reading);
  onFirstToken();
  const prefill = reading.stop();
  // For all contenders, the measurement of a reply begins after its first token.
  if (question !== "") token = await read(question, stopwatch());
  const writing = stopwatch(mostMilliseconds);
  for (let count = 1; count < replyTokens && !writing.isOver(); count++) {
    token = await context.sampleToken(await evaluate(Uint32Array.of(token)), sampler);
    writing.count(1);
  }
  return { prefill, decode: writing.stop() };
}

/** @typedef {ReturnType<typeof stopwatch>} Stopwatch */

/**
 * Counts the time and tokens of a piece of work, which ends at its time limit.
 *
 * @param {number} [mostMilliseconds]
 */
function stopwatch(mostMilliseconds = Number.POSITIVE_INFINITY) {
  const began = performance.now();
  const cpuBefore = cpuMillisecondsOfTree(process.pid);
  let tokens = 0;
  return {
    count: (/** @type {number} */ more) => {
      tokens += more;
    },
    isOver: () => performance.now() - began > mostMilliseconds,
    /** @returns {import("./model-task.mjs").Work} */
    stop: () => ({
      tokens,
      cpu_ms: cpuMillisecondsOfTree(process.pid) - cpuBefore,
      wall_ms: performance.now() - began,
    }),
  };
}
