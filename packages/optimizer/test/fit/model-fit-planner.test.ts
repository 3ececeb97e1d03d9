import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { FitPlanner } from "@nanoagent/models";
import { NanoAgentError } from "@nanoagent/models";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ModelFitPlanner } from "../../src/index.js";
import { buildTinyGguf } from "../../src/testing/index.js";
import { sampleRequest } from "./sample-request.js";

let folder: string;
const planner: FitPlanner = new ModelFitPlanner();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-plan-"));
  await writeFile(path.join(folder, "tiny.gguf"), buildTinyGguf());
  await writeFile(path.join(folder, "page.gguf"), "<html>");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("plans a file", async () => {
  const model_path = path.join(folder, "tiny.gguf");
  const plan = await planner.planFit({ ...sampleRequest, model_path });
  expect(plan).toMatchObject({ model_path, context_tokens: 512, maps_file: true, forecast: null });
  expect(plan.model.architecture).toBe("llama");
});

it.each([
  ["page.gguf", "invalid-model-file"],
  ["missing.gguf", "model-not-found"],
  ["", "invalid-model-file"],
])("rejects %s with %s", async (name, code) => {
  const error = await planner
    .planFit({ ...sampleRequest, model_path: path.join(folder, name) })
    .catch((cause) => cause);
  expect(NanoAgentError.isInstance(error)).toBe(true);
  expect(error.code).toBe(code);
});

it("rejects a model that does not fit", async () => {
  const tight = { ...sampleRequest, model_path: path.join(folder, "tiny.gguf"), budget_bytes: 2 ** 20 };
  await expect(planner.planFit(tight)).rejects.toMatchObject({ code: "does-not-fit", budget_bytes: 2 ** 20 });
});
