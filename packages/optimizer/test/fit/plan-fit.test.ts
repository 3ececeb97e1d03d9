import { FitPlan } from "@nanoagent/models";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DoesNotFitError, missedFloors, type PlanFitOptions, planFit } from "../../src/index.js";
import { headerOf } from "./header-of.js";
import { RECORDED_SHAPES } from "./recorded-engine-figures.js";

const MIB = 2 ** 20;
const smol = { ...RECORDED_SHAPES["SmolLM2-135M"], contextTokens: 8192 };
const f16 = await headerOf({ ...smol, weightType: "f16" });
const q8 = await headerOf({ ...smol, weightType: "q8_0" });
const q4 = await headerOf({ ...smol, weightType: "q4_0" });
const qwen = await headerOf({ ...RECORDED_SHAPES["Qwen2.5-0.5B"], contextTokens: 32_768, weightType: "q4_0" });

const options = (changes: Partial<PlanFitOptions> = {}): PlanFitOptions => ({
  models: [f16],
  device: { device_id: "d", platform: "linux-x86_64", memory_mb: 4096, cpu_cores: 4, has_gpu: false },
  cpuFeatures: ["avx2"],
  budgetBytes: 400 * MIB,
  ...changes,
});
const described = (plans: FitPlan[]) =>
  plans.map(({ quantize_to, context_tokens, kv_type }) => [quantize_to, context_tokens, kv_type]);

describe("plans for one file", () => {
  it("cover each type that it could be quantized to, best quality first, those that miss a minimum last", () => {
    const plans = planFit(options({ budgetBytes: 370 * MIB }));
    expect(described(plans)).toMatchInlineSnapshot(`
      [
        [
          "q8_0",
          4096,
          "f16",
        ],
        [
          "q6_k",
          4096,
          "f16",
        ],
        [
          "q5_k",
          4096,
          "f16",
        ],
        [
          "q4_k",
          4096,
          "f16",
        ],
        [
          "q4_0",
          4096,
          "f16",
        ],
        [
          "q3_k",
          4096,
          "f16",
        ],
        [
          null,
          3072,
          "q8_0",
        ],
      ]
    `);
    for (const plan of plans) {
      expect(FitPlan.parse(plan)).toEqual(plan);
      expect(plan.ledger.peak_resident_bytes).toBeLessThanOrEqual(370 * MIB);
      expect(plan.forecast?.grade).toBe("prior");
    }
    const floors = plans.map((plan) => missedFloors(plan).length);
    expect(floors).toEqual([...floors].sort());
    expect(floors.at(-1)).toBeGreaterThan(0);
  });

  it("are ranked by context, speed or quality", () => {
    const contexts = planFit(options({ goal: { for: "context" } })).map(({ context_tokens }) => context_tokens);
    expect(contexts).toEqual([...contexts].sort((one, other) => other - one));
    const speeds = planFit(options({ goal: { for: "speed" } })).map(
      ({ forecast }) => forecast?.decode_at_start.expected ?? 0,
    );
    expect(speeds).toEqual([...speeds].sort((one, other) => other - one));
    const divergences = planFit(options({ goal: { for: "quality" } })).map(
      ({ quality }) => quality?.expected_divergence ?? 1,
    );
    expect(divergences).toEqual([...divergences].sort((one, other) => one - other));
  });

  it("have the requested context, with a quantized KV cache if it would not fit otherwise", () => {
    const goal = { contextTokens: 8192, mayQuantize: false };
    expect(described(planFit(options({ models: [q8], goal })))).toEqual([[null, 8192, "f16"]]);
    expect(described(planFit(options({ models: [q8], goal, budgetBytes: 320 * MIB })))).toEqual([[null, 8192, "q8_0"]]);
  });

  it("include only the unchanged file if it must not be quantized or already is", () => {
    expect(planFit(options({ goal: { mayQuantize: false } }))).toHaveLength(1);
    expect(planFit(options({ models: [q4] }))).toHaveLength(1);
  });
});

it("ranks a larger model first, unless the goal is speed", () => {
  const models = [q8, qwen];
  const goal = { mayQuantize: false };
  const largestFirst = planFit(options({ models, goal, budgetBytes: 1024 * MIB }));
  expect(largestFirst.map(({ model }) => model.architecture)).toEqual(["qwen2", "llama"]);
  const fastestFirst = planFit(options({ models, goal: { ...goal, for: "speed" }, budgetBytes: 1024 * MIB }));
  expect(fastestFirst.map(({ model }) => model.architecture)).toEqual(["llama", "qwen2"]);
});

it("refuses a budget that nothing fits, with the sum and three changes that save what they claim", () => {
  const plan = () => planFit(options({ models: [qwen, q8], budgetBytes: 150 * MIB }));
  expect(plan).toThrow(DoesNotFitError);
  try {
    plan();
  } catch (error) {
    const { changes, message } = error as DoesNotFitError;
    expect(changes).toHaveLength(3);
    expect(changes.every(({ saves_bytes }) => saves_bytes > 0)).toBe(true);
    // The model that is closest to fitting.
    expect(message).toMatch(/needs 2\d\d\.\d MB/);
  }
});

it("never exceeds the budget, and never gets worse with a larger one", () => {
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 700 }), fc.integer({ min: 0, max: 200 }), (budgetMib, moreMib) => {
      const best = (mib: number) => {
        const [plan] = planFit(options({ models: [q4], budgetBytes: mib * MIB, goal: { for: "context" } }));
        expect(plan?.ledger.peak_resident_bytes).toBeLessThanOrEqual(mib * MIB);
        return plan?.context_tokens ?? 0;
      };
      expect(best(budgetMib + moreMib)).toBeGreaterThanOrEqual(best(budgetMib));
    }),
    { numRuns: 20 },
  );
});

it("refuses an empty list of models", () => {
  expect(() => planFit(options({ models: [] }))).toThrow("models must be at least one model");
});
