import { loadAddon } from "./load-addon.mjs";

const SEQUENCE = 0;
const F16 = 1;
const GREEDY = { temperature: 0, topK: 40, topP: 0.95, minP: 0.05, seed: 1 };

/**
 * llama.cpp's add-on, driven directly: what any engine around it is measured against.
 *
 * @param {string} addonPackage where the package with the library is
 * @param {import("./model-task.mjs").ModelTask} task
 */
export async function runBareLoop(
  addonPackage,
  { modelPath, contextTokens, batchTokens, threads, shortPrompt, prompt, replyTokens, onFirstToken = () => {} },
) {
  const began = performance.now();
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
  if (!(await context.init())) throw new Error("llama.cpp cannot make the context");
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
  /** @param {Uint32Array} tokens */
  const read = async (tokens) => {
    let logits = 0;
    for (let start = 0; start < tokens.length; start += batchTokens) {
      logits = await evaluate(tokens.subarray(start, start + batchTokens));
    }
    return context.sampleToken(logits, sampler);
  };
  await read(model.tokenize(shortPrompt, true));
  onFirstToken();
  const asked = performance.now();
  const tokens = model.tokenize(prompt, true);
  let token = await read(tokens);
  const first = performance.now();
  for (let count = 1; count < replyTokens; count++) {
    token = await context.sampleToken(await evaluate(Uint32Array.of(token)), sampler);
  }
  const ended = performance.now();
  return {
    first_token_ms: asked - began,
    prefill_tokens_per_second: (tokens.length / (first - asked)) * 1000,
    decode_tokens_per_second: ((replyTokens - 1) / (ended - first)) * 1000,
  };
}
