import { spawnSync } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadCatalogue } from "../../src/catalogue/load-catalogue.js";
import type { ModelCatalogue } from "../../src/catalogue/model-catalogue.js";
import { shapeHeader } from "../../src/catalogue/shape-header.js";
import { parseModelName } from "../../src/names/parse-model-name.js";
import { quantizationLabel } from "../../src/names/quantization-label.js";
import { catalogueProblems } from "./catalogue-problems.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const notes = path.join(root, "packages/hub/catalogue/notes");
const environment = { endpoint: "https://huggingface.co" };

let catalogue: ModelCatalogue;
let folder: string;

beforeAll(async () => {
  catalogue = await loadCatalogue();
  folder = await mkdtemp(path.join(os.tmpdir(), "catalogue-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function build(...options: string[]) {
  return spawnSync(process.execPath, [path.join(root, "scripts/build-catalogue.mjs"), "--check", ...options], {
    encoding: "utf8",
  });
}

describe("the catalogue", () => {
  test("has the form of the schema, and a source for every fact", () => {
    expect(catalogueProblems(catalogue)).toEqual([]);
  });

  test("has about 40 models of all families, and is small", () => {
    expect(catalogue.models.length).toBeGreaterThanOrEqual(40);
    const families = new Set(catalogue.models.map(({ family }) => family));
    for (const family of ["Qwen3", "Qwen3.5", "Gemma", "Llama 3.2", "SmolLM", "LFM2", "Granite 4.0", "Phi-4"]) {
      expect(families).toContain(family);
    }
    expect(catalogue.models.filter(({ embedding }) => embedding).length).toBeGreaterThanOrEqual(3);
    expect(JSON.stringify(catalogue).length).toBeLessThan(40_000);
  });

  test("names repositories that can be pulled", () => {
    for (const { name, repository } of catalogue.models) {
      expect(parseModelName(repository, environment)).toMatchObject({
        source: repository.startsWith("ollama:") ? "ollama" : "hub",
      });
      expect(parseModelName(name, environment)).toEqual({ source: "word", word: name });
    }
  });

  test("has the label of each file that its name contains", () => {
    const labels = catalogue.models
      .filter(({ repository }) => !repository.startsWith("ollama:"))
      .flatMap(({ files }) => files.map(({ file, quantization }) => [file, quantization]));
    expect(labels.filter(([file = "", label]) => quantizationLabel(file) !== label)).toEqual([]);
  });

  test("has sizes that agree with the shapes", () => {
    const compared = catalogue.models.flatMap((model) =>
      model.files.flatMap((file) => {
        const header = shapeHeader(model, { ...file, bytes_rounded: null });
        if (header === null || file.bytes_rounded === null) return [];
        return [{ name: `${model.name} ${file.quantization}`, ratio: header.file_bytes / file.bytes_rounded }];
      }),
    );
    expect(compared.length).toBeGreaterThan(25);
    expect(compared.filter(({ ratio }) => Math.abs(ratio - 1) > 0.02)).toEqual([]);
  });

  test("says a parameter count that agrees with the shape", () => {
    const wrong = catalogue.models.filter((model) => {
      const [file] = model.files;
      const header = file === undefined ? null : shapeHeader(model, file);
      if (header === null || model.parameters === null) return false;
      const weights = header.tensors.reduce((sum, tensor) => sum + tensor.weights, 0);
      // Names of models are rounded, and Granite's leaves out the embedding.
      return Math.abs(weights / model.parameters - 1) > 0.15;
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });
});

describe("the check of the form", () => {
  const [problem, change] = [(value: unknown) => catalogueProblems(value), structuredClone] as const;
  const cases: [string, (broken: ReturnType<typeof structuredClone<ModelCatalogue>>) => void, RegExp][] = [
    ["a name twice", ({ models }) => Object.assign(models[1] ?? {}, { name: models[0]?.name }), /occurs twice/],
    [
      "a fact without a source",
      ({ models }) => Object.assign(models[0] ?? {}, { sources: { ...models[0]?.sources, license: undefined } }),
      /license/,
    ],
    ["a source of an unknown fact", ({ models }) => Object.assign(models[0] ?? {}, { license: null }), /has a source/],
    [
      "a source that does not exist",
      ({ models }) => Object.assign(models[0]?.sources ?? {}, { license: 99 }),
      /license/,
    ],
    [
      "an exact size",
      ({ models }) => Object.assign(models[0]?.files[0] ?? {}, { bytes_rounded: 328_577_056 }),
      /rounded/,
    ],
    ["a whole hash", ({ models }) => Object.assign(models[0]?.files[0] ?? {}, { sha256_prefix: "a".repeat(64) }), /16/],
    ["an unknown key", ({ models }) => Object.assign(models[0] ?? {}, { nmae: 1 }), /nmae/],
    ["a shape without layers", ({ models }) => Object.assign(models[0] ?? {}, { shape: {} }), /layer_count/],
    ["two words", ({ models }) => Object.assign(models[0] ?? {}, { name: "Gemma 3" }), /one word/],
  ];
  test.each(cases)("finds %s", (_, spoil, expected) => {
    const broken = change(catalogue);
    spoil(broken);
    expect(problem(broken).join("\n")).toMatch(expected);
  });
});

describe("the builder", () => {
  test("makes the catalogue that is in the repository", () => {
    expect(build()).toMatchObject({ status: 0, stderr: "" });
  });

  const faults: [string, string, string, RegExp][] = [
    ["stale", "license: [llama3.2, localai]", "license: [mit, localai]", /stale/],
    ["an unknown source", "[llama3.2, localai]", "[llama3.2, hearsay]", /unknown source "hearsay"/],
    ["a fact without a source", "license: [llama3.2, localai]", "license: [llama3.2, null]", /license has no source/],
    ["an unknown key", "license: [llama3.2, localai]", "licence: [llama3.2, localai]", /unknown key "licence"/],
  ];
  test.each(faults)("fails for notes that are %s", async (name, before, after, expected) => {
    const copy = path.join(folder, name.replaceAll(" ", "-"));
    await cp(notes, copy, { recursive: true });
    const file = path.join(copy, "llama.yaml");
    const text = await readFile(file, "utf8");
    expect(text).toContain(before);
    await writeFile(file, text.replace(before, after));
    const result = build("--notes", copy);
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(expected);
  });
});
