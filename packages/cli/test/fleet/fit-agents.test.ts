import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { json } from "node:stream/consumers";
import type { RegisteredAgent } from "@nanoagent/fleet";
import type { FitPlan } from "@nanoagent/models";
import { writeKnownModel } from "@nanoagent/optimizer/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AgentFit, fitAgents } from "../../src/fleet/fit-agents.js";
import { formatFits } from "../../src/fleet/format-fits.js";
import { type FoundModels, findModels } from "../../src/optimize/find-models.js";
import { optimizeModel } from "../../src/optimize/optimize-model.js";

let folder: string;
let found: FoundModels;
const at = (name: string) => path.join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-fit-"));
  await writeKnownModel(at("model.gguf"), "SmolLM2-135M");
  found = await findModels(at("model.gguf"), { mustBeThere: true });
});
afterAll(() => rm(folder, { recursive: true }));

const measured = {
  bandwidth: [{ threads: 1, per_second: 9e9, spread: 0.05 }],
  dot_products: [{ type: "q8_0", per_second: 2e9, spread: 0.1 }],
  storage_read: null,
  contention: 0,
  temperature_celsius: null,
};
const device = { platform: "linux-aarch64", memory_mb: 1024, cpu_cores: 4, has_gpu: false };

function agentOf(id: string, maxMemoryMb: number, facts: object = {}): RegisteredAgent {
  const agent = { max_memory_mb: maxMemoryMb, max_model_size_mb: 1024 };
  const card = { id, device: { device_id: id, ...device }, measurement: null, agent };
  return { id, online: true, update: null, card: { ...card, ...facts } as unknown as RegisteredAgent["card"] };
}

const options = { model: "model.gguf", contextTokens: undefined, budgetMb: undefined };

/** The plan that `nanoagent optimize` makes of the same file for a device file. */
async function planOfOptimize(deviceFile: object, budgetMb: number, context?: number): Promise<FitPlan | undefined> {
  await writeFile(at("device.json"), JSON.stringify(deviceFile));
  const stdout = new PassThrough();
  const printed = json(stdout) as Promise<{ plans: (FitPlan & { missed: string[] })[] }>;
  const streams = { stdin: new PassThrough(), stdout, stderr: new PassThrough(), stop: new AbortController().signal };
  const values = { model: at("model.gguf"), device: at("device.json"), "budget-mb": budgetMb, json: true };
  await optimizeModel(context === undefined ? values : { ...values, context }, streams, []);
  stdout.end();
  const { missed: _, ...plan } = (await printed).plans.find(({ quantize_to }) => quantize_to === null) ?? {};
  return plan as FitPlan;
}

describe("fitAgents", () => {
  test("makes the plan that optimize makes for the device, with the agent's budget", async () => {
    const measurement = {
      format: 1,
      measured_at: new Date(0).toISOString(),
      device: { platform: device.platform, cpu_model: null, cpu_cores: 4, memory_mb: 1024 },
      engine_version: null,
      calibrations: [],
      ...measured,
    };
    const agents = [agentOf("plain", 400), agentOf("measured", 400, { measurement })];
    for (const contextTokens of [undefined, 2048]) {
      const [plain, exact] = await fitAgents(agents, found, { ...options, contextTokens });
      expect(plain?.plan).toEqual(await planOfOptimize({ device_id: "plain", ...device }, 400, contextTokens));
      expect(exact?.plan).toEqual(await planOfOptimize({ device_id: "d", ...device, measured }, 400, contextTokens));
      expect(plain?.tokens_per_second).not.toEqual(exact?.tokens_per_second);
    }
  });

  test("says why it does not fit, and --budget-mb replaces the agents' own", async () => {
    const agents = [agentOf("small", 100), agentOf("large", 600)];
    const fits = await fitAgents(agents, found, options);
    expect(fits.map(({ id, fits, code }) => [id, fits, code])).toEqual([
      ["small", false, "does-not-fit"],
      ["large", true, null],
    ]);
    expect(fits[0]?.reason).toMatch(/^It needs \d+\.\d MB, and the agent has \d+\.\d MB for a model\.$/);
    const all = await fitAgents(agents, found, { ...options, budgetMb: 600 });
    expect(all.map(({ fits, budget_mb }) => [fits, budget_mb])).toEqual([
      [true, 600],
      [true, 600],
    ]);
  });

  test("refuses a file that is larger than the agent allows, in the words of check", async () => {
    const strict = { agent: { max_memory_mb: 600, max_model_size_mb: 100 } };
    const agents = [agentOf("large", 600), agentOf("strict", 600, strict)];
    const [large, refused] = await fitAgents(agents, found, options);
    expect(large?.fits).toBe(true);
    expect(refused).toMatchObject({ fits: false, plan: null, memory_mb: null, code: "model-too-large" });
    expect(refused?.reason).toMatch(/^Model file is \d+(\.\d)? MB but the agent allows only 100 MB\.$/);
    expect(formatFits([refused as AgentFit], 80)).toContain(`   ! ${refused?.reason}\n0 of 1 agent`);
    // Memory goes first, and a smaller file of the same folder takes its place.
    const [tight] = await fitAgents(
      [agentOf("tight", 100, { agent: { ...strict.agent, max_memory_mb: 100 } })],
      found,
      options,
    );
    expect(tight?.code).toBe("does-not-fit");
    await writeKnownModel(at("small.gguf"), "SmolLM2-135M", "q4_0");
    const both = await findModels(folder, { mustBeThere: true });
    const [other] = await fitAgents([agentOf("strict", 600, strict)], both, options);
    expect(other).toMatchObject({ fits: true, plan: { model_path: at("small.gguf") } });
  });

  test("plans equal devices once", async () => {
    const agents = Array.from({ length: 200 }, (_, index) => agentOf(`kiosk-${index}`, 400));
    const begin = performance.now();
    const fits = await fitAgents(agents, found, options);
    expect(new Set(fits.map(({ plan }) => plan)).size).toBe(1);
    expect(fits.at(-1)?.id).toBe("kiosk-199");
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  test("refuses a file that is not GGUF for each agent, with the reason", async () => {
    const [fit] = await fitAgents([agentOf("a", 400)], { ...found, headers: [] }, options);
    expect(fit).toMatchObject({ fits: false, plan: null, code: "usage" });
  });
});

describe("formatFits", () => {
  test("fits 80 columns, with reasons below", async () => {
    const id = `kiosk-${"x".repeat(40)}`;
    const fits = await fitAgents([agentOf(id, 400), agentOf("small", 100)], found, options);
    const table = formatFits(fits, 80);
    expect(table).toContain(`${id}  yes `);
    expect(table).toMatch(/\nsmall +no\n {3}! It needs .* for a model\.\n1 of 2 agents could run it\.\n$/);
    for (const line of table.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});
