import { FitPlan, NanoAgentError } from "@nanoagent/models";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitHeader } from "../../src/fit/fit-header.js";
import { planOrMisfit } from "../../src/fit/plan-header.js";
import { DoesNotFitError, InvalidFitRequestError, planHeader } from "../../src/index.js";
import { headerOf } from "./header-of.js";
import { RECORDED_SHAPES } from "./recorded-engine-figures.js";
import { sampleDevice, sampleRequest } from "./sample-request.js";

const MIB = 2 ** 20;
const smol = await headerOf({ ...RECORDED_SHAPES["SmolLM2-135M"], contextTokens: 8192, weightType: "q8_0" });
const smolQ4 = await headerOf({ ...RECORDED_SHAPES["SmolLM2-135M"], contextTokens: 8192, weightType: "q4_0" });
const request = { ...sampleRequest, budget_bytes: 300 * MIB };

describe("planHeader", () => {
  it("returns a valid plan with defaults", () => {
    const plan = planHeader(smol, { ...request, budget_bytes: 400 * MIB });
    expect(FitPlan.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
    expect(plan).toMatchObject({
      model_path: "model.gguf",
      kv_type: "f16",
      batch_tokens: 64,
      prefill_threads: 4,
      decode_threads: 2,
      forecast: null,
    });
    expect(plan.ledger.peak_resident_bytes).toBeLessThanOrEqual(400 * MIB);
  });

  it("quantizes the KV cache to reach a sufficient context", () => {
    const tight = planHeader(smol, { ...request, budget_bytes: 300 * MIB });
    expect(tight).toMatchObject({ context_tokens: 4096, kv_type: "q8_0", batch_tokens: 64 });
    const wide = planHeader(smol, { ...request, budget_bytes: 330 * MIB });
    expect(wide.kv_type).toBe("f16");
    expect(wide.context_tokens).toBeGreaterThanOrEqual(4096);
    // A requested KV type is not changed.
    expect(planHeader(smol, { ...request, kv_type: "f16" }).context_tokens).toBeLessThan(4096);
  });

  it("uses the settings of the request", () => {
    const wishes = { context_tokens: 300, batch_tokens: 512, kv_type: "q8_0", maps_file: false } as const;
    const plan = planHeader(smol, { ...request, budget_bytes: 1024 * MIB, ...wishes });
    expect(plan).toMatchObject({ context_tokens: 300, batch_tokens: 300, kv_type: "q8_0", maps_file: false });
    const constrained = planHeader(smol, { ...request, context_tokens: 512, constrains_output: true });
    expect(constrained.ledger.lines.map(({ name }) => name)).toContain("grammar");
  });

  it("reserves memory for tool selection for a small model, and gives that up before the grammar", () => {
    const wishes = { constrains_output: "auto", choosing_tokens: 512, context_tokens: 512 } as const;
    const wide = planHeader(smol, { ...request, ...wishes, budget_bytes: 1024 * MIB });
    expect(wide).toMatchObject({ choosing_tokens: 512, constrains_output: true });
    const line = wide.ledger.lines.find(({ name }) => name === "choosing");
    expect(line?.resident_bytes).toBeGreaterThan(512 * 1024);
    const abilities: string[] = [];
    for (let budget_bytes = wide.ledger.peak_resident_bytes; ; budget_bytes -= MIB) {
      const plan = planOrMisfit(smol, { ...request, ...wishes, budget_bytes });
      if ("refuse" in plan) break;
      abilities.push(`${plan.choosing_tokens} ${plan.constrains_output}`);
    }
    expect([...new Set(abilities)]).toEqual(["512 true", "0 true", "0 false"]);
    expect(planHeader(smol, { ...request, context_tokens: 512, constrains_output: "auto" }).choosing_tokens).toBe(0);
  });

  it.each([
    ["q8_0", ["avx2"], true],
    ["q4_0", ["avx2"], false],
    ["q4_0", ["sse4_2"], true],
    ["q8_0", ["asimddp"], false],
    ["q4_0", ["asimd"], true],
    // Unknown CPU features: those of most CPUs of the platform are assumed.
    ["q4_0", null, false],
  ] as const)("maps %s on %j: %s", (type, cpu_features, mapsFile) => {
    const plan = planHeader(type === "q4_0" ? smolQ4 : smol, { ...request, context_tokens: 256, cpu_features });
    expect(plan.maps_file).toBe(mapsFile);
    const [weights] = plan.ledger.lines;
    expect(weights?.kind).toBe(mapsFile ? "evictable" : "pinned");
    expect(weights?.explanation).toMatch(mapsFile ? /used in place by this CPU/ : /hold the repacked tensors twice/);
  });
});

it("maps a file despite copied tensors if that needs little more memory and fits", async () => {
  const header = await headerOf({ ...RECORDED_SHAPES["15M"], weightType: "q4_0" });
  const plan = (budget_bytes: number, maps_file?: boolean) => {
    const wishes = { context_tokens: 256, cpu_features: ["avx2"], constrains_output: false, budget_bytes, maps_file };
    const fit = fitHeader(header, { ...request, ...wishes });
    return "refuse" in fit ? expect.fail("does not fit") : fit;
  };
  const [mapped, read] = [true, false].map((maps) => plan(1024 * MIB, maps).ledger.peak_resident_bytes);
  if (mapped === undefined || read === undefined) throw new Error("not planned");
  expect(mapped).toBeGreaterThan(read + 2 ** 20);
  expect(mapped).toBeLessThan(read * 1.1);
  expect(plan(mapped).maps_file).toBe(true);
  expect(plan(mapped - 1).maps_file).toBe(false);
  expect(plan(mapped, false).maps_file).toBe(false);
});

describe("context_tokens: auto", () => {
  it("is the preferred length, as far as it fits, and at most the trained length", () => {
    const anyPlan = fc.record({
      budgetMib: fc.integer({ min: 225, max: 1024 }),
      wanted: fc.option(fc.integer({ min: 1, max: 20_000 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(anyPlan, ({ budgetMib, wanted }) => {
        const budget_bytes = budgetMib * MIB;
        const plan = planHeader(smol, { ...request, budget_bytes, wanted_context_tokens: wanted });
        const { context_tokens, longest_context_tokens = 0, kv_type, batch_tokens, ledger } = plan;
        expect(ledger.peak_resident_bytes).toBeLessThanOrEqual(budget_bytes);
        expect(context_tokens).toBe(Math.min(wanted ?? 4096, longest_context_tokens));
        expect(longest_context_tokens).toBeLessThanOrEqual(8192);
        // Speed and quality are given up only for the first 4,096 tokens.
        if (kv_type !== "f16") {
          const plain = {
            ...request,
            budget_bytes,
            context_tokens: Math.min(wanted ?? 4096, 4096),
            kv_type: "f16",
            batch_tokens: 64,
          };
          expect(() => planHeader(smol, plain)).toThrow(DoesNotFitError);
        }
        // A batch is never larger than its context; for a short context it says nothing about the longest one.
        if (context_tokens < 64) return;
        // The longest context fits, and the next longer one does not.
        const loading = { ...request, budget_bytes, kv_type, batch_tokens };
        expect(planHeader(smol, { ...loading, context_tokens: longest_context_tokens })).toMatchObject({
          context_tokens: longest_context_tokens,
          longest_context_tokens,
        });
        if (longest_context_tokens === 8192) return;
        expect(longest_context_tokens % 256).toBe(0);
        const longer = { ...loading, context_tokens: longest_context_tokens + 256 };
        expect(() => planHeader(smol, longer)).toThrow(DoesNotFitError);
      }),
      { numRuns: 60 },
    );
  });

  it("is the trained length even if that is not a multiple of 256", async () => {
    for (const trained of [100, 256, 1000]) {
      const header = await headerOf({ contextTokens: trained });
      expect(planHeader(header, request)).toMatchObject({ context_tokens: trained, longest_context_tokens: trained });
    }
  });

  it("reports the longest possible context beside a requested length", () => {
    const of = (context_tokens: number) => planHeader(smol, { ...request, budget_bytes: 1024 * MIB, context_tokens });
    expect(of(512)).toMatchObject({ context_tokens: 512, longest_context_tokens: 8192 });
    expect(of(9000)).toMatchObject({ context_tokens: 9000, longest_context_tokens: 9000 });
  });

  it("never gets shorter with a larger budget", () => {
    fc.assert(
      fc.property(fc.integer({ min: 225, max: 420 }), fc.integer({ min: 0, max: 100 }), (budgetMib, moreMib) => {
        const contextOf = (mib: number) => planHeader(smol, { ...request, budget_bytes: mib * MIB }).context_tokens;
        expect(contextOf(budgetMib + moreMib)).toBeGreaterThanOrEqual(contextOf(budgetMib));
      }),
      { numRuns: 30 },
    );
  });

  it("quantizes the KV cache for a requested length that would not fit otherwise", () => {
    const contextOf = (changes: Partial<typeof request>) => {
      const { context_tokens, kv_type } = planHeader(smol, { ...request, budget_bytes: 320 * MIB, ...changes });
      return [context_tokens, kv_type];
    };
    expect(contextOf({ context_tokens: 2048 })).toEqual([2048, "f16"]);
    expect(contextOf({ context_tokens: 8192 })).toEqual([8192, "q8_0"]);
    // A requested length beyond the trained one is kept.
    expect(contextOf({ context_tokens: 8448 })).toEqual([8448, "q8_0"]);
    expect(() => contextOf({ context_tokens: 8192, kv_type: "f16" })).toThrow(DoesNotFitError);
  });

  it("is longer with a quantized KV cache", () => {
    const f16 = planHeader(smol, { ...request, budget_bytes: 280 * MIB, kv_type: "f16" });
    const q8 = planHeader(smol, { ...request, budget_bytes: 280 * MIB, kv_type: "q8_0" });
    expect((q8.longest_context_tokens ?? 0) / (f16.longest_context_tokens ?? 0)).toBeGreaterThan(1.5);
  });
});

describe("a model that does not fit", () => {
  function refusal(changes: Partial<typeof request>): DoesNotFitError {
    try {
      planHeader(smol, { ...request, ...changes });
    } catch (error) {
      if (error instanceof DoesNotFitError) return error;
      throw error;
    }
    return expect.fail("it fits");
  }

  it("is refused with the sum and the changes that would help", () => {
    const error = refusal({ context_tokens: 8192, budget_bytes: 280 * MIB });
    expect(error).toMatchObject({ name: "DoesNotFitError", code: "does-not-fit", budget_bytes: 280 * MIB });
    expect(NanoAgentError.isInstance(error)).toBe(true);
    expect(error.message).toMatchInlineSnapshot(
      `"model.gguf needs 395.8 MB with a context of 8192 tokens, but may use only 280.0 MB: KV cache 180.0 + weights 136.4 + program code 45.0 + vocabulary 13.6 + host process 11.0 + engine 6.5 + compute buffer 2.6 + output buffer 0.8 = 395.8 MB."`,
    );
    expect(error.hint).toMatchInlineSnapshot(
      `"Allow it 396 MB, or: context 8192 → 2816 saves 119.0 MB and is enough; KV cache f16 → q8_0 saves 84.5 MB but is not enough alone; this model in q3_k (about 83.9 MB) saves 54.0 MB but is not enough alone."`,
    );
    expect(error.ledger.peak_resident_bytes).toBeGreaterThan(280 * MIB);
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: "DoesNotFitError",
      code: "does-not-fit",
      message: error.message,
      reason: null,
      hint: error.hint,
      budget_bytes: 280 * MIB,
      ledger: error.ledger,
      changes: error.changes,
    });
    for (const change of error.changes)
      expect(Object.keys(change).sort()).toEqual(["description", "fits", "saves_bytes"]);
  });

  it("is refused with the shortest context if none fits", () => {
    const error = refusal({ budget_bytes: 150 * MIB });
    expect(error.message).toContain("with a context of 256 tokens");
    expect(error.changes.map(({ description }) => description)).not.toContain(expect.stringContaining("context"));
  });

  it("never gets advice to allow more memory than the device has", () => {
    const wish = { context_tokens: 8192, budget_bytes: 280 * MIB };
    const ofDevice = (memory_mb: number) => refusal({ ...wish, device: { ...sampleDevice, memory_mb } }).hint;
    expect(ofDevice(396)).toMatch(/^Allow it 396 MB, or: context /);
    // A KV cache in q8_0 needs less.
    expect(ofDevice(395)).toMatch(/^Allow it 312 MB, or: context /);
    expect(ofDevice(300)).toMatch(
      /^The device has only 300 MB\. Use a smaller model, or a device with more memory, or: context 8192 → 2816 saves /,
    );
    const nothingHelps = new DoesNotFitError({
      path: "model.gguf",
      contextTokens: 256,
      budgetBytes: 0,
      deviceMemoryMb: 64,
      ledger: refusal(wish).ledger,
      changes: [],
    });
    expect(nothingHelps.hint).toBe("The device has only 64 MB. Use a smaller model, or a device with more memory.");
  });

  it("shows a budget of zero or less as 0.0 MB", () => {
    expect(refusal({ budget_bytes: 0 }).message).toContain("may use only 0.0 MB");
    expect(refusal({ budget_bytes: -1 }).message).toContain("may use only 0.0 MB");
  });
});

describe("an invalid request", () => {
  it.each([
    [{ budget_bytes: Number.NaN }, "budget_bytes must be a number of bytes, not NaN."],
    [{ context_tokens: 0 }, 'context_tokens must be an integer from 1 to 134217728, or "auto", not 0.'],
    [{ wanted_context_tokens: 0 }, "wanted_context_tokens must be an integer from 1 to 134217728, not 0."],
    [{ context_tokens: 1.5 }, 'context_tokens must be an integer from 1 to 134217728, or "auto", not 1.5.'],
    [{ context_tokens: 2 ** 40 }, /^context_tokens must be .* not 1099511627776\.$/],
    [{ context_tokens: "long" as never }, /not "long"\.$/],
    [{ batch_tokens: 0 }, "batch_tokens must be an integer from 1 to 134217728, not 0."],
    [{ kv_type: "f32" }, 'kv_type must be one of f16, bf16, q8_0, q4_0, not "f32".'],
  ])("%j", (changes, message) => {
    const plan = () => planHeader(smol, { ...request, ...changes });
    expect(plan).toThrow(InvalidFitRequestError);
    expect(plan).toThrow(message);
    expect(plan).toThrow(expect.objectContaining({ code: "invalid-fit-request", field: Object.keys(changes)[0] }));
  });

  it("has a KV type whose blocks the heads do not fill", async () => {
    const header = await headerOf({ embeddingLength: 96, headCount: 2, kvHeadCount: 1 });
    const plan = () => planHeader(header, { ...request, kv_type: "q8_0" });
    const field = "kv_type must be a type whose block size divides the head length of this model";
    expect(plan).toThrow(`${field}, such as f16, not "q8_0".`);
  });
});

it("derives the number of threads from the device's cores", () => {
  const threads = (cpu_cores: number) => {
    const plan = planHeader(smol, { ...request, device: { ...sampleDevice, cpu_cores } });
    return [plan.prefill_threads, plan.decode_threads];
  };
  expect([1, 2, 3, 4, 8, 16, 128].map(threads)).toEqual([
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 2],
    [8, 4],
    [16, 8],
    [16, 8],
  ]);
});
