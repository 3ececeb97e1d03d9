import { beforeAll, describe, expect, test } from "vitest";
import { loadCatalogue } from "../../src/catalogue/load-catalogue.js";
import type { ModelCatalogue, ModelUse } from "../../src/catalogue/model-catalogue.js";
import { recommendModels } from "../../src/catalogue/recommend.js";
import { shapeHeader } from "../../src/catalogue/shape-header.js";
import { bestChoice } from "../../src/choices/best-choice.js";
import { planChoices } from "../../src/choices/plan-choices.js";
import type { RemoteHeader } from "../../src/headers/read-remote-headers.js";
import { deviceFacts } from "./device-facts.js";

let catalogue: ModelCatalogue;

beforeAll(async () => {
  catalogue = await loadCatalogue();
});

function recommend(memoryMb: number, use: ModelUse | null = null) {
  return recommendModels(catalogue, { facts: deviceFacts(memoryMb), measurement: null, for: use });
}

function speedOf({ forecast }: ReturnType<typeof recommend>["models"][number]): number {
  return forecast?.decode_at_start.expected ?? 0;
}

describe("recommendModels", () => {
  test.each([1024, 2048, 4096, 8192])("keeps to the budget of a device with %i MB", (memoryMb) => {
    const { models, left_out } = recommend(memoryMb);
    expect(models.length).toBeGreaterThan(3);
    expect(models.every(({ memory_bytes }) => memory_bytes <= deviceFacts(memoryMb).budgetBytes)).toBe(true);
    expect(models.length + left_out.length).toBe(catalogue.models.length);
    for (const { cause, memory_bytes } of left_out) {
      if (cause === "memory") expect(memory_bytes).toBeGreaterThan(deviceFacts(memoryMb).budgetBytes);
      else expect(memory_bytes).toBeNull();
    }
  });

  test("puts models at a comfortable speed first, then the others, in steps of half the speed", () => {
    const { models } = recommend(8192);
    const steps = models
      .filter(({ forecast }) => forecast !== null)
      .map((model) => Math.max(0, Math.ceil(Math.log2(5 / speedOf(model)))));
    expect(steps).toEqual([...steps].sort());
    expect(new Set(steps)).toEqual(new Set([0, 1, 2]));
  });

  test("ranks a model of unknown speed as if it ran as fast as others of its size", () => {
    const { models } = recommend(8192, "tools");
    const place = models.findIndex(({ name }) => name === "granite4-h-350m");
    expect(models[place]?.forecast).toBeNull();
    expect(place).toBeGreaterThan(0);
    expect(models.findIndex((model) => model.forecast !== null && speedOf(model) < 5)).toBeGreaterThan(place);
  });

  test("puts models with enough context before fast ones with less", () => {
    const fast = recommend(384).models.filter((model) => speedOf(model) >= 5 && model.context_tokens !== null);
    const steps = fast.map(({ context_tokens }) => Math.ceil(Math.log2(4096 / (context_tokens ?? 4096))));
    expect(steps).toEqual([...steps].sort((one, other) => one - other));
    expect(new Set(steps).size).toBeGreaterThan(1);
  });

  test("recommends larger models on larger devices", () => {
    const best = [512, 1024, 4096].map((memoryMb) => recommend(memoryMb).models[0]);
    expect(best.map((model) => model?.name)).toEqual(["lfm2.5-350m", "lfm2-700m", "qwen3-1.7b-compact"]);
    const sizes = best.map((model) => model?.download_bytes ?? 0);
    expect(sizes).toEqual([...sizes].sort((one, other) => one - other));
    expect(new Set(sizes).size).toBe(3);
  });

  test("compares models of one size by their published figures", () => {
    const names = recommend(8192, "tools").models.map(({ name }) => name);
    // assist-mini: 61.2, 60.2; then BFCL v3: 54.8.
    expect(names.slice(0, 3)).toEqual(["gemma4-e2b", "qwen3-1.7b-compact", "granite4-1b"]);
    // BFCL v3: 44.1, 43.3, 43.3, 39.3, 23.0.
    const small = ["lfm2.5-350m", "granite4-h-350m", "lfm2.5-230m", "granite4-350m", "lfm2-350m"];
    expect(names.filter((name) => small.includes(name))).toEqual(small);
  });

  test("ranks a model with poor figures for tools behind smaller ones", () => {
    const names = recommend(2048, "tools").models.map(({ name }) => name);
    const places = ["lfm2.5-1.2b", "qwen3-0.6b", "llama3.2-1b"].map((name) => names.indexOf(name));
    expect(places).toEqual([...places].sort((one, other) => one - other));
    expect(places).not.toContain(-1);
    const chat = recommend(2048, "chat").models.map(({ name }) => name);
    expect(chat.indexOf("llama3.2-1b")).toBeLessThan(chat.indexOf("qwen3-0.6b"));
  });

  test.each([1024, 2048, 8192])("puts no model below 0.5B first for tools with %i MB", (memoryMb) => {
    const [best] = recommend(memoryMb, "tools").models;
    expect(catalogue.models.find(({ name }) => name === best?.name)?.parameters ?? 1e9).toBeGreaterThan(5e8);
  });

  test("recommends one of several entries with the same model", () => {
    const { models, left_out } = recommend(8192);
    const variants = catalogue.models.filter(({ variant_of }) => variant_of !== undefined);
    expect(variants.length).toBeGreaterThan(2);
    for (const { name, variant_of } of variants) {
      expect(models.filter((model) => model.name === name || model.name === variant_of)).toHaveLength(1);
      const other = left_out.find((model) => model.name === name || model.name === variant_of);
      expect(other).toMatchObject({ cause: "variant", memory_bytes: null });
    }
  });

  test.each([512, 2048, 8192])("recommends the file that a download would choose, with %i MB", (memoryMb) => {
    const { models } = recommend(memoryMb);
    const compared = models.filter(({ plan }) => plan !== null);
    expect(compared.length).toBeGreaterThan(3);
    for (const { name, file } of compared) {
      const model = catalogue.models.find((entry) => entry.name === name) ?? expect.fail();
      const headers = model.files.map((entry): RemoteHeader => {
        const remote = { path: entry.file, bytes: entry.bytes_rounded, sha256: null, gitSha1: null, url: entry.file };
        return {
          model: { quantization: entry.quantization, files: [remote] },
          header: shapeHeader(model, entry),
          problem: null,
          fetchedBytes: 0,
        };
      });
      expect(bestChoice(planChoices(headers, { facts: deviceFacts(memoryMb) }))?.file).toBe(file);
    }
  });

  test("recommends for tools only models that call tools", () => {
    const { models } = recommend(8192, "tools");
    const callers = new Set(catalogue.models.filter((model) => model.tool_calling === true).map(({ name }) => name));
    expect(models.length).toBeGreaterThan(10);
    expect(models.filter(({ name }) => !callers.has(name))).toEqual([]);
  });

  test("recommends for embeddings only embedding models, and otherwise none of them", () => {
    const embedding = new Set(catalogue.models.filter((model) => model.embedding).map(({ name }) => name));
    const { models } = recommend(2048, "embeddings");
    expect(models.length).toBeGreaterThan(2);
    expect(models.every(({ name }) => embedding.has(name))).toBe(true);
    for (const use of [null, "chat", "tools", "summaries"] as const) {
      expect(recommend(2048, use).models.some(({ name }) => embedding.has(name))).toBe(false);
    }
  });

  test("has nothing for a device that is too small, and says why", () => {
    const { models, left_out } = recommend(256);
    expect(models).toEqual([]);
    expect(new Set(left_out.map(({ cause }) => cause))).toEqual(new Set(["memory", "unknown-size", "use"]));
  });

  test("plans for a device with an unknown CPU, with at least as much memory", () => {
    const facts = { ...deviceFacts(2048), cpuFeatures: null };
    const { models } = recommendModels(catalogue, { facts, measurement: null, for: "tools" });
    expect(models.length).toBeGreaterThan(3);
    expect(models.every(({ memory_bytes }) => memory_bytes <= facts.budgetBytes)).toBe(true);
  });

  test("says of each figure what it stands on", () => {
    const [best] = recommend(4096).models;
    expect(best?.stands_on).toMatchObject({
      download_bytes: expect.stringMatching(/^rounded/),
      memory_bytes: expect.stringMatching(/^computed from the shape, scaled/),
      forecast: "expected for this kind of device, not measured",
    });
    const unshaped = recommend(8192).models.find(({ name }) => name === "granite4-h-350m");
    expect(unshaped).toMatchObject({ forecast: null, plan: null });
    expect(unshaped?.stands_on).toMatchObject({
      memory_bytes: expect.stringMatching(/^estimated from the download size/),
      forecast: "unknown: the shape is unknown",
    });
    const unsized = recommend(8192).models.find(({ name }) => name === "granite4-1b");
    expect(unsized).toMatchObject({ download_bytes: 1e9 });
    expect(unsized?.stands_on.download_bytes).toMatch(/^computed from the shape/);
  });

  test("says that a forecast is calibrated if the device was measured", () => {
    const work = {
      weights_by_type: { q8_0: 1e8 },
      output_weights_by_type: { q8_0: 3e7 },
      layer_count: 30,
      attention: [{ numbers_per_token: 1152, window_tokens: null }],
      state_numbers: 0,
    };
    const calibration = { model: "test", type: "q8_0", work, threads: 4, context_tokens: 16 };
    const measurement = {
      format: 1 as const,
      measured_at: "2026-11-29T12:00:00.000Z",
      device: { platform: "linux-aarch64", cpu_model: null, cpu_cores: 4, memory_mb: 2048 },
      engine_version: "1",
      bandwidth: [],
      dot_products: [],
      storage_read: null,
      contention: null,
      temperature_celsius: null,
      calibrations: [{ ...calibration, prefill_tokens_per_second: 200, decode_tokens_per_second: 60 }],
    };
    const { models } = recommendModels(catalogue, { facts: deviceFacts(2048), measurement, for: null });
    expect(models[0]?.forecast?.grade).toBe("calibrated");
    expect(models[0]?.stands_on.forecast).toBe("calibrated with another model on this device");
  });

  test("takes the fastest file that is hardly worse than the original", () => {
    const chosen = (memoryMb: number, name: string) =>
      recommend(memoryMb).models.find((model) => model.name === name)?.quantization;
    expect(chosen(4096, "lfm2-350m")).toBe("Q5_K_M");
    expect(chosen(4096, "smollm3-3b")).toBe("Q4_K_M");
    expect(chosen(512, "lfm2-350m")).toBe("Q4_K_M");
  });
});
