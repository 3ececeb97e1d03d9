import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type EdgeDevice, type FitPlan, type FitRequest, type MemoryProbe, NanoAgentError } from "@nanoagent/models";
import * as optimizer from "@nanoagent/optimizer";
import { type DoesNotFitError, type GgufHeader, ModelFitPlanner, planFit, readGguf } from "@nanoagent/optimizer";
import { writeKnownModel } from "@nanoagent/optimizer/testing";
import { readPlanFacts } from "@nanoagent/runtime/engines/llama";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkProgramSize } from "../../../src/check-memory-budget.js";
import { checkLlamaEngine } from "../../../src/engines/llama/check-llama-engine.js";
import { openLlamaEngine } from "../../../src/engines/llama/open-llama-engine.js";
import { planLocalModel, planModel } from "../../../src/engines/llama/plan-local-model.js";
import { modelBudget } from "../../../src/memory/program-share.js";
import { sampleDevice } from "../../sample-config.js";

const MB = 2 ** 20;
/** Memory of restarted tools varies by up to this amount. */
const MOST_DRIFT_MB = 8;

const files = [
  ["SmolLM2-135M", "q4_1"],
  ["SmolLM2-360M", "q8_0"],
  ["Qwen2.5-0.5B", "q5_0"],
  ["TinyLlama-1.1B", "q4_0"],
  ["Mistral-7B", "q4_k"],
  ["Gemma-3-270M", "q8_0"],
  ["LFM2-350M", "q4_0"],
] as const;

let folder: string;
let headers: GgufHeader[];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-test-"));
  headers = [];
  for (const [name, weightType] of files) {
    const file = path.join(folder, `${name}.gguf`);
    await writeKnownModel(file, name, weightType);
    headers.push(await readGguf(file));
  }
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

type Outcome = { plan: FitPlan } | { refusal: DoesNotFitError };

async function outcomeOf(plan: Promise<FitPlan>): Promise<Outcome> {
  try {
    return { plan: await plan };
  } catch (error) {
    if (!NanoAgentError.isInstance(error) || error.code !== "does-not-fit") throw error;
    return { refusal: error as DoesNotFitError };
  }
}

function advisedMb({ hint }: { hint: string | null }): number | null {
  const [, number] = /^Allow it (\d+) MB/.exec(hint ?? "") ?? [];
  return number === undefined ? null : Number(number);
}

/** Contexts that a refusal recommends, if a config can express the whole change. The planner chooses the rest. */
function advisedContexts({ changes }: DoesNotFitError): number[] {
  return changes
    .filter(({ fits, description }) => fits && !/this model in|the file/.test(description))
    .flatMap(({ description }) => /context \d+ → (\d+)/.exec(description)?.[1] ?? [])
    .map(Number);
}

const scenes = fc.record({
  model: fc.nat({ max: files.length - 1 }),
  budgetMb: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 6000 })),
  contextTokens: fc.oneof(fc.constant("auto" as const), fc.integer({ min: 1, max: 20_000 })),
  ownsProgram: fc.boolean(),
  usedMb: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 500 })),
  driftMb: fc.integer({ min: -MOST_DRIFT_MB, max: MOST_DRIFT_MB }),
  spareMb: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: -50, max: 5000 })),
  deviceMb: fc.oneof(
    fc.constant(8192),
    fc.integer({ min: 32, max: 1024 }),
    fc.double({ min: 64, max: 900, noNaN: true }),
  ),
  loading: fc.oneof(
    fc.constant({}),
    fc.record(
      {
        kv_type: fc.constantFrom("f16", "q8_0"),
        batch_tokens: fc.constantFrom(16, 64, 512),
        maps_file: fc.boolean(),
        constrains_output: fc.constantFrom("auto" as const, true, false),
      },
      { requiredKeys: [] },
    ),
  ),
});
type Loading = Partial<Pick<FitRequest, "kv_type" | "batch_tokens" | "maps_file" | "constrains_output">>;
type Scene = Omit<typeof scenes extends fc.Arbitrary<infer One> ? One : never, "loading"> & { loading: Loading };

/** Plans like every command, with the memory that the program and its tools use at that moment. */
function attempt(scene: Scene, { budgetMb = scene.budgetMb, contextTokens = scene.contextTokens, driftMb = 0 } = {}) {
  const { ownsProgram, spareMb, deviceMb, usedMb, loading } = scene;
  const header = headers[scene.model] ?? expect.fail();
  const limits = {
    limitBytes: Math.floor(Math.min(budgetMb, deviceMb) * MB),
    ownsProgram,
    spareBytes: spareMb * MB,
    usedBytes: Math.max(0, usedMb + driftMb) * MB,
  };
  const device: EdgeDevice = { ...sampleDevice, memory_mb: deviceMb };
  const facts = { device, cpuFeatures: ["avx2"], constrainsOutput: "auto" as const, ...modelBudget(limits) };
  const planHeader = (planned: GgufHeader, request: Omit<FitRequest, "model_path">) =>
    optimizer.planHeader(planned, { ...request, ...(header.architecture?.startsWith("lfm2") ? {} : loading) });
  return outcomeOf(planModel(header, { ...optimizer, planHeader }, facts, { contextTokens }));
}

test("the budget that a refusal recommends is enough for any model, context, loading and tools", async () => {
  const told = { allow: 0, spare: 0, device: 0 };
  await fc.assert(
    fc.asyncProperty(scenes, async (scene: Scene) => {
      const first = await attempt(scene);
      if ("plan" in first) return;
      const { refusal } = first;
      const enoughMb = advisedMb(refusal);
      if (enoughMb === null) {
        if (/^The device has only \d+ MB\./.test(refusal.hint ?? "")) told.device++;
        else told.spare++;
        expect(refusal.hint).toMatch(/^The device has only [\d.]+ MB/);
        // If no budget is recommended, none helps, unless the tools' memory was measured with a margin.
        if (scene.usedMb === 0) expect(await attempt(scene, { budgetMb: scene.deviceMb })).toHaveProperty("refusal");
      } else {
        told.allow++;
        expect(enoughMb).toBeLessThanOrEqual(scene.deviceMb);
        const followed = await attempt(scene, { budgetMb: enoughMb, driftMb: scene.driftMb });
        expect("refusal" in followed ? followed.refusal.message : null).toBe(null);
      }
      // If the caller fixed the batch size or the KV type, changing both is up to the caller, too.
      const { batch_tokens, kv_type } = scene.loading;
      if (batch_tokens !== undefined || kv_type !== undefined) return;
      for (const contextTokens of advisedContexts(refusal)) {
        expect(await attempt(scene, { contextTokens })).toHaveProperty("plan");
      }
    }),
    { numRuns: 300, endOnFailure: true },
  );
  for (const count of Object.values(told)) expect(count).toBeGreaterThan(0);
}, 120_000);

function deviceWith(availableMb: number, limitMb: number | null = null): MemoryProbe {
  return {
    read: async () => ({
      total_bytes: 4096 * MB,
      available_bytes: availableMb * MB,
      limit_bytes: limitMb === null ? null : limitMb * MB,
      limit_source: limitMb === null ? null : "cgroup v2 /agents",
      pressure_percent: null,
    }),
  };
}

const configOf = (model: number, max_memory_mb: number, context: number | "auto", isolation?: "none") => ({
  spec: { name: "agent", version: "0.1.0", capabilities: [], max_memory_mb, max_model_size_mb: 8192 },
  device: sampleDevice,
  model_path: headers[model]?.path ?? expect.fail(),
  engine: { context, ...(isolation === undefined ? {} : { isolation }) },
});
type Config = ReturnType<typeof configOf>;

/** Outcome of each command for a config, from the code that it runs up to the start of the engine. */
const commands: Record<string, (config: Config, memory: MemoryProbe) => Promise<Outcome>> = {
  check: (config, memory) => outcomeOf(planLocalModel(config, { ownsProgram: true, memory }).then(({ plan }) => plan)),
  optimize: (config, memory) => {
    const { device, spec, engine, model_path } = config;
    const goal = { mayQuantize: false, contextTokens: engine.context === "auto" ? undefined : engine.context };
    const plan = async () => {
      const facts = await readPlanFacts({ device, maxMemoryMb: spec.max_memory_mb }, { ownsProgram: true, memory });
      return planFit({ ...facts, models: [await readGguf(model_path)], goal })[0] ?? expect.fail();
    };
    return outcomeOf(plan());
  },
  run: async (config, memory) => {
    let asked: FitRequest | undefined;
    const planFit = async (request: FitRequest): Promise<FitPlan> => {
      asked = request;
      throw new NanoAgentError({ code: "no-start", message: "The test only wants the request." });
    };
    // The test runner is larger than the program, so this plans for an app.
    const opened = openLlamaEngine(config, { ownsProgram: true, memory, planner: { planFit } });
    await opened.catch((error: unknown) => expect(error).toMatchObject({ code: "no-start" }));
    return outcomeOf(new ModelFitPlanner().planFit(asked ?? expect.fail("no request")));
  },
};

describe.each(Object.entries(commands))("%s", (_, outcome) => {
  test("accepts the budget that it recommended", async () => {
    const cases = fc.tuple(
      fc.constantFrom(0, 1, 2, 5, 6),
      fc.integer({ min: 1, max: 120 }),
      fc.constantFrom("auto" as const, 512, 1024, 4096),
      fc.constantFrom(undefined, "none" as const),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ([model, budgetMb, context, isolation]) => {
        const memory = deviceWith(3500);
        const first = await outcome(configOf(model, budgetMb, context, isolation), memory);
        if ("plan" in first) return;
        const enoughMb = advisedMb(first.refusal) ?? expect.fail(String(first.refusal.hint));
        expect(await outcome(configOf(model, enoughMb, context, isolation), memory)).toHaveProperty("plan");
      }),
      { numRuns: 12, endOnFailure: true },
    );
  }, 60_000);

  test("names the cause if the device or a container has too little free memory", async () => {
    for (const budgetMb of [20, 200, 4096]) {
      const free = await outcome(configOf(0, budgetMb, "auto"), deviceWith(90));
      expect("refusal" in free && free.refusal.hint).toMatch(
        /^The device has only \d+\.\d MB free for a model, so a larger budget does not help\. Free memory, or use a smaller model/,
      );
      const inside = await outcome(configOf(0, budgetMb, "auto"), deviceWith(90, 128));
      expect("refusal" in inside && inside.refusal.hint).toMatch(
        / MB free for a model \(limit: cgroup v2 \/agents\), so a larger/,
      );
    }
  });
});

test("the budget that a check recommends includes the servers that it has not started", async () => {
  const servers = fc.array(
    fc.record({ url: fc.constant(false), max_memory_mb: fc.constantFrom(undefined, 8, 32, 64, 500) }),
    { minLength: 1, maxLength: 4 },
  );
  const cases = fc.tuple(fc.constantFrom(0, 1, 2, 5, 6), fc.integer({ min: 1, max: 500 }), servers, fc.nat({ max: 2 }));
  await fc.assert(
    fc.asyncProperty(cases, async ([model, budgetMb, started, elsewhere]) => {
      const local = started.map(({ max_memory_mb }, index) => [
        `s${index}`,
        { command: ["x"], ...(max_memory_mb === undefined ? {} : { max_memory_mb }) },
      ]);
      const remote = Array.from({ length: elsewhere }, (_, index) => [`r${index}`, { url: "http://127.0.0.1:9/" }]);
      const mcp_servers = Object.fromEntries([...local, ...remote]);
      const memory = deviceWith(3500);
      const planned = (mb: number) =>
        planLocalModel({ ...configOf(model, mb, 512), mcp_servers }, { ownsProgram: true, memory });
      const first = await planned(budgetMb).catch((error: NanoAgentError) => error);
      const refusal = NanoAgentError.isInstance(first) ? first : first.tightness;
      const words = `its ${started.length} MCP ${started.length === 1 ? "server" : "servers"}`;
      if (refusal === null) return;
      expect(refusal.hint).toContain(words);
      const enoughMb = advisedMb(refusal) ?? expect.fail(String(refusal.hint));
      const { tightness, expected, budgetBytes, plan } = await planned(enoughMb);
      expect(tightness).toBe(null);
      const together = plan.ledger.peak_resident_bytes + (expected?.expectedBytes ?? 0);
      expect(together).toBeLessThanOrEqual(budgetBytes + (expected?.expectedBytes ?? 0));
      // A start that measures exactly this has enough memory for the model.
      const usedBytes = expected?.expectedBytes ?? 0;
      const limits = { limitBytes: enoughMb * MB, ownsProgram: true, spareBytes: Number.POSITIVE_INFINITY };
      expect(modelBudget({ ...limits, usedBytes: usedBytes + 28 * MB }).budgetBytes).toBeGreaterThanOrEqual(
        plan.ledger.peak_resident_bytes,
      );
    }),
    { numRuns: 25, endOnFailure: true },
  );
}, 60_000);

test("a start with servers beside other programs recommends memory for the servers alone", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), fc.nat({ max: 60 }), (usedMb, sharedMb) => {
      const limits = { limitBytes: 100 * MB, ownsProgram: true, spareBytes: Number.POSITIVE_INFINITY };
      const { programBytes } = modelBudget({ ...limits, usedBytes: usedMb * MB, mostBytes: (usedMb + sharedMb) * MB });
      const alone = modelBudget({ ...limits, limitBytes: programBytes + 50 * MB, usedBytes: (usedMb + sharedMb) * MB });
      expect(alone.budgetBytes).toBeGreaterThanOrEqual(50 * MB);
    }),
  );
});

test("a budget smaller than the program is reported once with the model's needs, also without isolation", async () => {
  const config = configOf(0, 10, "auto", "none");
  expect(() => checkProgramSize(config as never)).not.toThrow();
  const { issues } = await checkLlamaEngine(config, { ownsProgram: true });
  expect(issues[0]).toMatchObject({ code: "does-not-fit" });
});
