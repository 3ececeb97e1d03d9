import { stat } from "node:fs/promises";
import path from "node:path";
import { addonPackage } from "@nanoagent/runtime/engines/llama";
import { beforeAll, describe, expect, test } from "vitest";
import { CONTROL_TOKEN, type LlamaAddon, loadLlamaAddon } from "../../../src/engines/llama/llama-addon.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { hasAddon, tinyModel } from "./tiny-model.js";

/** The add-on's internal interface is not stable. This test fails if a version does not match the binding. */
describe.skipIf(!hasAddon)(`llama.cpp's add-on matches the binding (needs ${addonPackage()})`, () => {
  let addon: LlamaAddon;
  beforeAll(async () => {
    addon = await loadLlamaAddon();
  });

  async function openModel() {
    const { modelPath } = await tinyModel();
    const model = new addon.AddonModel(modelPath, {
      addonExports: addon,
      gpuLayers: 0,
      useMmap: true,
      useMlock: false,
      checkTensors: false,
      vocabOnly: false,
      hasLoadAbortSignal: false,
    });
    expect(await model.init()).toBe(true);
    return model;
  }

  async function openContext(model: Awaited<ReturnType<typeof openModel>>) {
    const context = new addon.AddonContext(model, {
      contextSize: 256,
      batchSize: 64,
      sequences: 1,
      flashAttention: true,
      threads: 1,
      embeddings: false,
      ranking: false,
      performanceTracking: false,
      swaFullCache: false,
      kvCacheKeyType: 1,
      kvCacheValueType: 1,
    });
    expect(await context.init()).toBe(true);
    return context;
  }

  async function evaluate(context: Awaited<ReturnType<typeof openContext>>, start: number, tokens: Uint32Array) {
    context.initBatch(tokens.length);
    const [index] = context.addToBatch(0, start, tokens, Uint32Array.of(tokens.length - 1));
    await context.decodeBatch();
    return index ?? expect.fail("no position of the logits");
  }

  test("loads once and runs on the CPU", () => {
    expect(addon.markLoaded()).toBe(true);
    expect(addon.getGpuType()).toBe(false);
  });

  test("a model reports its tokens, control tokens and end tokens", async () => {
    const model = await openModel();
    const tokens = model.tokenize("<|im_start|>hello<|im_end|>", true);
    expect(model.getTokenString(tokens[0] ?? -1)).toBe("<|im_start|>");
    expect((model.getTokenAttributes(tokens[0] ?? -1) & CONTROL_TOKEN) !== 0).toBe(true);
    expect(model.isEogToken(tokens.at(-1) ?? -1)).toBe(true);
    expect(model.tokenize("<|im_start|>", false).length).toBeGreaterThan(1);
    expect(model.detokenize(model.tokenize("héllo wörld", false), false)).toBe("héllo wörld");
    expect(model.tokenBos()).toBeGreaterThanOrEqual(-1);
    expect(typeof model.shouldPrependBosToken()).toBe("boolean");
    await model.dispose();
  });

  test("a context evaluates, samples, removes tokens, and saves and restores its state", async () => {
    const model = await openModel();
    const context = await openContext(model);
    expect(context.getContextSize()).toBe(256);
    const tokens = model.tokenize("one two three four", false);
    const sampler = new addon.AddonSampler(model);
    sampler.applyConfig({ temperature: 0, topK: 40, topP: 0.95, minP: 0.05, seed: 7 });
    const chosen = await context.sampleToken(await evaluate(context, 0, tokens), sampler);
    expect(chosen).toBeGreaterThanOrEqual(0);
    const file = path.join(await temporaryFolder(), "state");
    await context.saveSequenceStateToFile(file, 0, tokens);
    expect((await stat(file)).size).toBeGreaterThan(tokens.length * 64);
    expect(context.removeTokenCellsFromSequence(0, 1, -1)).toBe(true);

    const other = await openContext(model);
    expect([...(await other.loadSequenceStateFromFile(file, 0, 256))]).toEqual([...tokens]);
    // A restored state continues like an evaluated one.
    expect(other.removeTokenCellsFromSequence(0, tokens.length - 1, -1)).toBe(true);
    const again = await evaluate(other, tokens.length - 1, tokens.slice(-1));
    expect(await other.sampleToken(again, sampler)).toBe(chosen);
    other.setThreads(1);
    sampler.dispose();
    await other.dispose();
    await context.dispose();
    await model.dispose();
  });

  test("a grammar decides what may come next", async () => {
    const model = await openModel();
    const grammar = new addon.AddonGrammar('root ::= "ab" | "cd"', { addonExports: addon, rootRuleName: "root" });
    const state = new addon.AddonGrammarEvaluationState(model, grammar);
    const [first = -1] = model.tokenize("a", false);
    const [wrong = -1] = model.tokenize("b", false);
    expect(addon.AddonSampler.canBeNextTokenForGrammarEvaluationState(state, first)).toBe(true);
    expect(addon.AddonSampler.canBeNextTokenForGrammarEvaluationState(state, wrong)).toBe(false);
    addon.AddonSampler.acceptGrammarEvaluationStateToken(state, first);
    expect(addon.AddonSampler.canBeNextTokenForGrammarEvaluationState(state, wrong)).toBe(true);
    await model.dispose();
  });

  test("a file that is not a model is rejected", async () => {
    const model = new addon.AddonModel("/dev/null", {
      addonExports: addon,
      gpuLayers: 0,
      useMmap: true,
      useMlock: false,
      checkTensors: false,
      vocabOnly: false,
      hasLoadAbortSignal: false,
    });
    expect(await model.init()).toBe(false);
  });
});

test.each([
  ["linux", "x64", "@node-llama-cpp/linux-x64"],
  ["linux", "arm64", "@node-llama-cpp/linux-arm64"],
  ["darwin", "arm64", "@node-llama-cpp/mac-arm64-metal"],
  ["win32", "x64", "@node-llama-cpp/win-x64"],
])("the package for %s on %s", (platform, arch, name) => {
  expect(addonPackage(platform, arch)).toBe(name);
});
