import { beforeAll, describe, expect, test } from "vitest";
import { loadCatalogue } from "../../src/catalogue/load-catalogue.js";
import type { ModelCatalogue, ModelUse } from "../../src/catalogue/model-catalogue.js";
import { recommendModels } from "../../src/catalogue/recommend.js";
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

  test("puts models at a comfortable speed first, then unknown speeds, then slow ones", () => {
    const { models } = recommend(8192);
    const classes = models.map((model) => (model.forecast === null ? 1 : speedOf(model) >= 5 ? 0 : 2));
    expect(classes).toEqual([...classes].sort());
    expect(new Set(classes)).toEqual(new Set([0, 1, 2]));
  });

  test("recommends larger models on larger devices", () => {
    const best = [512, 1024, 4096].map((memoryMb) => recommend(memoryMb).models[0]);
    expect(best.map((model) => model?.name)).toEqual(["lfm2-350m", "qwen3-0.6b", "qwen3-1.7b"]);
    const sizes = best.map((model) => model?.download_bytes ?? 0);
    expect(sizes).toEqual([...sizes].sort((one, other) => one - other));
    expect(new Set(sizes).size).toBe(3);
  });

  test("compares models of one size by their published figures", () => {
    const names = recommend(8192, "tools").models.map(({ name }) => name);
    // On this device all of them are slow. assist-mini: 88.3, 86.7, 81.6.
    const places = ["qwen3.5-4b", "qwen3-4b-2507", "ministral3-3b"].map((name) => names.indexOf(name));
    expect(places.every((place) => place >= 0)).toBe(true);
    expect(places).toEqual([...places].sort((one, other) => one - other));
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
    const unshaped = recommend(8192).models.find(({ name }) => name === "granite4-1b");
    expect(unshaped).toMatchObject({ forecast: null, plan: null });
    expect(unshaped?.stands_on).toMatchObject({
      memory_bytes: expect.stringMatching(/^estimated from the download size/),
      forecast: "unknown: the shape is unknown",
    });
    const unsized = recommend(8192).models.find(({ name }) => name === "qwen3-4b-2507");
    expect(unsized).toMatchObject({ download_bytes: null });
    expect(unsized?.stands_on.download_bytes).toMatch(/^unknown/);
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

  test("takes the file with the most bits that is fast and fits", () => {
    const chosen = (memoryMb: number, name: string) =>
      recommend(memoryMb).models.find((model) => model.name === name)?.quantization;
    expect(chosen(4096, "lfm2-350m")).toBe("Q8_0");
    expect(chosen(4096, "smollm3-3b")).toBe("Q6_K");
    expect(chosen(512, "lfm2-350m")).toBe("Q4_K_M");
  });
});
