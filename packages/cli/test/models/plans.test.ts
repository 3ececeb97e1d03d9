import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { type HubMirror, startHubMirror } from "@nanoagent/hub/testing";
import type { FitPlan } from "@nanoagent/models";
import { writeKnownModel } from "@nanoagent/optimizer/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Device, linesOf, temporaryFolder } from "./device.js";
import { TINY, tinyFiles } from "./tiny-models.js";

type Optimized = { plans: (FitPlan & { missed?: string[] })[] };

let mirror: HubMirror;
beforeAll(async () => {
  mirror = await startHubMirror({ repositories: { [TINY]: { files: tinyFiles } } });
});
afterAll(() => mirror.close());

/** Plan of the choice before its download. */
async function planBefore(device: Device, name: string, file: string, budget: readonly string[]): Promise<FitPlan> {
  const { exitCode, stdout, stderr } = await device.models("pull", name, "--dry-run", "--json", ...budget);
  expect(exitCode, stderr).toBe(0);
  const choices = linesOf(stdout)[0].choices as { file: string; plan: FitPlan }[];
  return choices.find((choice) => choice.file === file)?.plan ?? expect.fail(stdout);
}

/** Plan of the same file as it is, after the download. */
async function planAfter(device: Device, name: string, budget: readonly string[]): Promise<FitPlan> {
  const { plans } = await device.json<Optimized>("optimize", "--model", name, ...budget);
  const { missed: _, ...plan } = plans.find(({ quantize_to }) => quantize_to === null) ?? expect.fail(name);
  return plan;
}

describe.each([
  ["F16/tiny-F16-00001-of-00002.gguf", "F16"],
  ["tiny-Q4_0.gguf", "Q4_0"],
  ["tiny-Q8_0.gguf", "Q8_0"],
])("the plan of %s before the download", (file, label) => {
  test.each([[["--budget-mb", "300"]], [["--budget-mb", "110"]]])(
    "is that of optimize after it, with %j",
    async (budget) => {
      const device = new Device({ HF_ENDPOINT: mirror.url });
      const before = await planBefore(device, TINY, file, budget);
      expect((await device.models("pull", TINY, "--quant", label)).exitCode).toBe(0);
      // The whole plan: every line of the ledger to the byte, the forecast, and the path.
      expect(await planAfter(device, `${TINY}:${label}`, budget)).toEqual(before);
      expect(await planAfter(device, TINY, budget)).toEqual(before);
      const { stdout } = await device.run(["optimize", "--model", TINY, "--explain", ...budget]);
      for (const line of before.ledger.lines) expect(stdout).toContain(`: ${line.explanation}\n`);
      // Nothing changes when the headers are read again beside the file.
      expect(await planBefore(device, TINY, file, budget)).toEqual(before);
    },
  );
});

test("the figures in the table are those of optimize --explain", async () => {
  const device = new Device({ HF_ENDPOINT: mirror.url });
  const { stderr } = await device.models("pull", TINY, "--quant", "Q4_0", "--budget-mb", "300");
  const { stdout } = await device.run(["optimize", "--model", `${TINY}:Q4_0`, "--budget-mb", "300", "--explain"]);
  const [, memory, context] = /^\d {2}Q4_0 +[\d.]+ +([\d.]+) +(\d+)/m.exec(stderr) ?? expect.fail(stderr);
  expect(stdout).toMatch(new RegExp(`^ +${memory} +[\\d.]+ +total$`, "m"));
  expect(stdout).toContain(`\ncontext ${context} tokens, `);
});

describe("the figures of known models", () => {
  test.each(["SmolLM2-135M", "Qwen2.5-0.5B"])("%s", async (known) => {
    const folder = temporaryFolder();
    const files: Record<string, string> = {};
    for (const type of ["q8_0", "q4_0"]) {
      const file = path.join(folder, `${type}.gguf`);
      await writeKnownModel(file, known, type);
      files[`${known}-${type.toUpperCase()}.gguf`] = file;
    }
    const own = await startHubMirror({ repositories: { "org/known-GGUF": { files } } });
    onTestFinished(() => own.close());
    const device = new Device({ HF_ENDPOINT: own.url });
    const budget = ["--budget-mb", "900"];
    for (const label of ["Q8_0", "Q4_0"]) {
      const before = await planBefore(device, "org/known-GGUF", `${known}-${label}.gguf`, budget);
      expect((await device.models("pull", `org/known-GGUF:${label}`)).exitCode).toBe(0);
      expect(await planAfter(device, `org/known-GGUF:${label}`, budget)).toEqual(before);
      rmSync(device.at("hugging-face"), { recursive: true });
    }
  });
});

const realModel = process.env.NANOAGENT_TEST_MODEL;
test.skipIf(!realModel)("the plan of a real model (NANOAGENT_TEST_MODEL)", async () => {
  const file = path.basename(realModel ?? "").replace(/(\.gguf)?$/, "-Q4_1.gguf");
  const own = await startHubMirror({ repositories: { "org/real-GGUF": { files: { [file]: realModel ?? "" } } } });
  onTestFinished(() => own.close());
  const device = new Device({ HF_ENDPOINT: own.url });
  const before = await planBefore(device, "org/real-GGUF", file, []);
  const budget = ["--budget-mb", "600"];
  const within = await planBefore(device, "org/real-GGUF", file, budget);
  expect(before.model).toEqual(within.model);
  // The header is a small part of the file.
  const sent = own.requests.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
  expect(sent).toBeLessThan(0.2 * within.model.file_bytes);
  const { stdout } = await device.models("pull", "org/real-GGUF");
  expect(readFileSync(stdout.trim()).equals(readFileSync(realModel ?? ""))).toBe(true);
  expect(await planAfter(device, "org/real-GGUF", budget)).toEqual(within);
});
