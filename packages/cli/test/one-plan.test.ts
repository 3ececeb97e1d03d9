import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { FitPlan } from "@nanoagent/models";
import { writeKnownModel } from "@nanoagent/optimizer/testing";
import { addonPackage } from "@nanoagent/runtime/engines/llama";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "./run-program.js";

const hasAddon = await import(/* @vite-ignore */ addonPackage()).then(
  () => true,
  () => false,
);
let folder: string;
const at = (name: string) => path.join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-one-plan-"));
  await writeKnownModel(at("model.gguf"), "SmolLM2-135M");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each([270, 310])("with %i MB, a model has one plan", (budgetMb) => {
  let environment: Record<string, string>;
  let checked: FitPlan;

  beforeAll(async () => {
    // Runs measure thread counts, which later plans use: each budget has its own state folder.
    environment = { XDG_STATE_HOME: at(`state-${budgetMb}`) };
    const spec = { name: "agent", max_memory_mb: budgetMb, max_model_size_mb: 1024 };
    await writeFile(at(`${budgetMb}.json`), JSON.stringify({ spec, device: "auto", model_path: at("model.gguf") }));
    const { stdout } = await runProgram(["check", "--config", at(`${budgetMb}.json`), "--json"], "", environment);
    const report = JSON.parse(stdout) as { plan: FitPlan; budget_mb: number };
    checked = report.plan;
    expect(report.budget_mb).toBe(budgetMb - 40);
  });

  test("in check and optimize", async () => {
    const args = ["optimize", "--model", at("model.gguf"), "--budget-mb", String(budgetMb), "--json"];
    const { stdout } = await runProgram(args, "", environment);
    const result = JSON.parse(stdout) as { plans: (FitPlan & { missed: string[] })[]; model_budget_mb: number };
    expect(result.model_budget_mb).toBe(budgetMb - 40);
    const asItIs = result.plans.find(({ quantize_to }) => quantize_to === null) ?? expect.fail(stdout);
    const { missed: _, ...plan } = asItIs;
    expect({ ...plan, forecast: null, quality: null }).toEqual(checked);
  });

  test.skipIf(!hasAddon)("in check and run", async () => {
    const args = ["run", "--config", at(`${budgetMb}.json`)];
    const { stdout, stderr } = await runProgram(args, "/memory\n", environment);
    const { context_tokens, kv_type, batch_tokens, maps_file, ledger } = checked;
    const admittedMb = ledger.peak_resident_bytes / 2 ** 20;
    expect(stdout, stderr).toContain(
      `Model:    ${context_tokens} tokens of context in ${kv_type}, batch ${batch_tokens}, weights ${maps_file ? "mapped from the file" : "read into memory"}\n` +
        `Admitted: ${admittedMb.toFixed(admittedMb < 100 ? 1 : 0)} MB by the file's header\n`,
    );
  });
});
