import { writeFile } from "node:fs/promises";
import path from "node:path";
import { type FitPlan, type FitRequest, type MemoryProbe, NanoAgentError } from "@nanoagent/models";
import { ModelFitPlanner, planFit, readGguf } from "@nanoagent/optimizer";
import { buildTinyGguf, writeKnownModel } from "@nanoagent/optimizer/testing";
import { planLocalModel, readPlanFacts } from "@nanoagent/runtime/engines/llama";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openLlamaEngine } from "../../../src/engines/llama/open-llama-engine.js";
import { sampleDevice } from "../../sample-config.js";
import { temporaryFolder } from "../../temporary-folder.js";

const MB = 2 ** 20;
const BUDGETS_MB = Array.from({ length: 19 }, (_, index) => 150 + 25 * index);

const stateFolder = process.env.XDG_STATE_HOME;
beforeEach(async () => {
  process.env.XDG_STATE_HOME = await temporaryFolder();
});
afterEach(() => {
  process.env.XDG_STATE_HOME = stateFolder;
});

/** A device with more free memory than any budget here. */
const memory: MemoryProbe = {
  read: async () => ({
    total_bytes: 4096 * MB,
    available_bytes: 3000 * MB,
    limit_bytes: null,
    limit_source: null,
    pressure_percent: null,
  }),
};

const configOf = (model_path: string, max_memory_mb: number, context: number | "auto") => ({
  spec: { name: "agent", version: "0.1.0", capabilities: [], max_memory_mb, max_model_size_mb: 4096 },
  device: sampleDevice,
  model_path,
  engine: { context },
});

type Outcome = FitPlan | { refused: string; hint: string | null };

async function outcomeOf(plan: Promise<FitPlan>): Promise<Outcome> {
  try {
    return await plan;
  } catch (error) {
    if (!NanoAgentError.isInstance(error) || error.code !== "does-not-fit") throw error;
    return { refused: error.message, hint: error.hint };
  }
}

/**
 * Plans like `nanoagent check`. The test runner is larger than the program, so this plans for an app that embeds the
 * agent.
 */
function check(config: ReturnType<typeof configOf>, ownsProgram = false, neededTokens = 0): Promise<Outcome> {
  return outcomeOf(planLocalModel(config, { ownsProgram, memory, neededTokens }).then(({ plan }) => plan));
}

/** Plans the unchanged file like `nanoagent optimize --budget-mb`. */
async function optimize({ model_path, device, spec, engine }: ReturnType<typeof configOf>): Promise<Outcome> {
  const facts = await readPlanFacts({ device, maxMemoryMb: spec.max_memory_mb }, { memory });
  const goal = { mayQuantize: false, contextTokens: engine.context === "auto" ? undefined : engine.context };
  const models = [await readGguf(model_path)];
  return outcomeOf(
    Promise.resolve().then(() => {
      const [plan] = planFit({ ...facts, models, goal });
      return { ...(plan ?? expect.fail("no plan")), forecast: null, quality: null };
    }),
  );
}

/** Plans like `nanoagent run` when it opens the engine. Nothing is started. */
async function run(config: ReturnType<typeof configOf>, neededTokens = 0): Promise<Outcome> {
  let asked: FitRequest | undefined;
  const planner = {
    planFit: async (request: FitRequest): Promise<FitPlan> => {
      asked = request;
      throw new NanoAgentError({ code: "no-start", message: "The test only wants the request." });
    },
  };
  await openLlamaEngine(config, { memory, planner, neededTokens }).catch((error: unknown) => {
    expect(error).toMatchObject({ code: "no-start" });
  });
  return outcomeOf(new ModelFitPlanner().planFit(asked ?? expect.fail("no request")));
}

/** A small file whose context length depends on the budget. */
const longContext = { contextTokens: 131_072, embeddingLength: 256, headCount: 4, kvHeadCount: 4, layerCount: 8 };

const models: Record<string, (file: string) => Promise<void>> = {
  "a tiny model": (file) => writeFile(file, buildTinyGguf(longContext)),
  "SmolLM2-135M": (file) => writeKnownModel(file, "SmolLM2-135M"),
};

describe.each(Object.entries(models))("%s", (_, write) => {
  test.each(["auto", 2048] as const)(
    "has the same plan or refusal in all commands, with a context of %s",
    async (context) => {
      const file = path.join(await temporaryFolder(), "model.gguf");
      await write(file);
      const contexts = new Set<number>();
      for (const budgetMb of BUDGETS_MB) {
        const config = configOf(file, budgetMb, context);
        const checked = await check(config);
        expect(await optimize(config)).toEqual(checked);
        expect(await run(config)).toEqual(checked);
        if ("refused" in checked) continue;
        const { context_tokens, longest_context_tokens = 0 } = checked;
        contexts.add(longest_context_tokens);
        expect(context_tokens).toBe(context === "auto" ? Math.min(4096, longest_context_tokens) : context);
      }
      if (context === "auto") expect(contexts.size).toBeGreaterThan(1);
    },
  );

  test("has a context for the needs of every request, if it fits", async () => {
    const file = path.join(await temporaryFolder(), "model.gguf");
    await write(file);
    for (const neededTokens of [1, 4096, 4097, 8000, 9000, 60_000]) {
      for (const budgetMb of BUDGETS_MB.filter((_, index) => index % 6 === 0)) {
        const config = configOf(file, budgetMb, "auto");
        const checked = await check(config, false, neededTokens);
        expect(await run(config, neededTokens)).toEqual(checked);
        if ("refused" in checked) continue;
        const first =
          neededTokens <= 4096 ? 4096 : neededTokens <= 8192 ? 8192 : neededTokens <= 16_384 ? 16_384 : 65_536;
        expect(checked.context_tokens).toBe(Math.min(first, checked.longest_context_tokens ?? 0));
      }
    }
  });
});

test.each([true, false])("this program's memory does not change the plan (own program: %s)", async (ownsProgram) => {
  const file = path.join(await temporaryFolder(), "model.gguf");
  await writeKnownModel(file, "SmolLM2-135M");
  const config = configOf(file, 320, "auto");
  const before = await check(config, ownsProgram);
  const ballast = Buffer.alloc(64 * MB, 1);
  expect(await check(config, ownsProgram)).toEqual(before);
  expect(ballast).toHaveLength(64 * MB);
});

test("a refusal names the program's share and recommends enough for both", async () => {
  const file = path.join(await temporaryFolder(), "model.gguf");
  await writeKnownModel(file, "SmolLM2-135M");
  const refused = await check(configOf(file, 150, "auto"), true);
  const { refused: message, hint } = "refused" in refused ? refused : expect.fail("it fits");
  expect(message).toMatch(/may use only 110\.0 MB: .* 40\.0 MB of the agent's memory is reserved for the program\.$/);
  const needed = Number(/^Allow it (\d+) MB, including the program/.exec(hint ?? "")?.[1]);
  expect(await check(configOf(file, needed, "auto"), true)).toHaveProperty("context_tokens");
  expect(await check(configOf(file, needed - 16, "auto"), true)).toHaveProperty("refused");
});
