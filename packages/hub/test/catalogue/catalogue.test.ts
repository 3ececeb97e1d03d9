import { spawnSync } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadCatalogue } from "../../src/catalogue/load-catalogue.js";
import type { ModelCatalogue } from "../../src/catalogue/model-catalogue.js";
import { shapeHeader } from "../../src/catalogue/shape-header.js";
import { SHAPED_ARCHITECTURES } from "../../src/catalogue/shape-tensors.js";
import { parseModelName } from "../../src/names/parse-model-name.js";
import { quantizationLabel } from "../../src/names/quantization-label.js";
import { catalogueProblems, catalogueSchema } from "./catalogue-problems.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const notes = path.join(root, "packages/hub/catalogue/notes");
const environment = { endpoint: "https://huggingface.co" };

/** Repository, file and first digits of its SHA-256, from the gallery of LocalAI. */
const CONFIRMED = [
  "bartowski/Qwen_Qwen3.5-0.8B-GGUF Qwen_Qwen3.5-0.8B-Q4_K_M.gguf fb044e93939a7046",
  "bartowski/Qwen_Qwen3.5-2B-GGUF Qwen_Qwen3.5-2B-Q4_K_M.gguf 57a1085840f497d7",
  "bartowski/Qwen_Qwen3.5-4B-GGUF Qwen_Qwen3.5-4B-Q4_K_M.gguf 13c16f426047e2de",
  "unsloth/Qwen3-4B-GGUF Qwen3-4B-Q4_K_M.gguf f6f8517777098610",
  "unsloth/Qwen3-8B-GGUF Qwen3-8B-Q4_K_M.gguf 120307ba529eb243",
  "ggml-org/gemma-3-270m-it-qat-GGUF gemma-3-270m-it-qat-Q4_0.gguf 3626e245220ca4a1",
  "ggml-org/gemma-3-1b-it-GGUF gemma-3-1b-it-Q4_K_M.gguf 8ccc5cd1f1b36025",
  "lmstudio-community/gemma-3-4b-it-GGUF gemma-3-4b-it-Q4_K_M.gguf be49949e48422e45",
  "google/gemma-4-E2B-it-qat-q4_0-gguf gemma-4-E2B_q4_0-it.gguf fa401b55b07ee70a",
  "google/gemma-4-E4B-it-qat-q4_0-gguf gemma-4-E4B_q4_0-it.gguf 676c35070db6dbe5",
  "ggml-org/gemma-4-E4B-it-GGUF gemma-4-E4B-it-Q4_K_M.gguf 90ce98129eb3e8cc",
  "hugging-quants/Llama-3.2-1B-Instruct-Q4_K_M-GGUF llama-3.2-1b-instruct-q4_k_m.gguf 1d0e9419ec4e12ae",
  "hugging-quants/Llama-3.2-3B-Instruct-Q4_K_M-GGUF llama-3.2-3b-instruct-q4_k_m.gguf c55a83bfb6396799",
  "HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF smollm2-1.7b-instruct-q4_k_m.gguf decd2598bc2c8ed0",
  "bartowski/HuggingFaceTB_SmolLM3-3B-GGUF HuggingFaceTB_SmolLM3-3B-Q4_K_M.gguf 519732558d5fa742",
  "LiquidAI/LFM2.5-230M-GGUF LFM2.5-230M-Q8_0.gguf 855be85429300602",
  "LiquidAI/LFM2.5-1.2B-Instruct-GGUF LFM2.5-1.2B-Instruct-Q4_K_M.gguf b1b3de114215d950",
  "LiquidAI/LFM2.5-2.6B-GGUF LFM2.5-2.6B-Q4_K_M.gguf 02a8b7e17487d326",
  "bartowski/ibm-granite_granite-4.0-micro-GGUF ibm-granite_granite-4.0-micro-Q4_K_M.gguf bd9d7b4795b9dc44",
  "DevQuasar/ibm-granite.granite-4.0-1b-GGUF ibm-granite.granite-4.0-1b.Q4_K_M.gguf 0e0ef42486b7f1f9",
  "unsloth/Ministral-3-3B-Instruct-2512-GGUF Ministral-3-3B-Instruct-2512-Q4_K_M.gguf fd46fc371ff0509b",
  "unsloth/Ministral-3-8B-Instruct-2512-GGUF Ministral-3-8B-Instruct-2512-Q4_K_M.gguf 5dbc3647eb563b9f",
  "ggml-org/embeddinggemma-300m-qat-q8_0-GGUF embeddinggemma-300m-qat-Q8_0.gguf 6fa0c02a9c302be6",
  "bartowski/granite-embedding-107m-multilingual-GGUF granite-embedding-107m-multilingual-f16.gguf 3fc99928632fceca",
];

let catalogue: ModelCatalogue;
let folder: string;

beforeAll(async () => {
  catalogue = await loadCatalogue();
  folder = await mkdtemp(path.join(os.tmpdir(), "catalogue-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface SchemaNode {
  description?: string;
  enum?: string[];
  properties?: Record<string, SchemaNode>;
  items?: SchemaNode;
}

/** Lists the properties of a schema that have no description. */
function undescribed(schema: unknown, place: string): string[] {
  const { properties = {}, items } = schema as SchemaNode;
  return [
    ...Object.entries(properties).flatMap(([name, property]) => [
      ...(property.description === undefined ? [`${place}.${name}`] : []),
      ...undescribed(property, `${place}.${name}`),
    ]),
    ...(items === undefined ? [] : undescribed(items, `${place}[]`)),
  ];
}

function shapeSchema(schema: unknown): { properties: Record<"architecture", SchemaNode> } {
  const shape = (schema as SchemaNode).properties?.models?.items?.properties?.shape;
  return shape as { properties: Record<"architecture", SchemaNode> };
}

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
    expect(catalogue.models.length).toBeLessThanOrEqual(45);
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

  test("has the files whose SHA-256 a public gallery pins", () => {
    const listed = catalogue.models.flatMap(({ repository, files }) =>
      files.map(({ file, sha256_prefix }) => `${repository} ${file} ${sha256_prefix}`),
    );
    expect(CONFIRMED.filter((row) => !listed.includes(row))).toEqual([]);
  });

  test("has sizes that agree with the shapes", () => {
    const compared = catalogue.models.flatMap((model) =>
      model.files.flatMap((file) => {
        const header = shapeHeader(model, { ...file, bytes_rounded: null });
        if (header === null || file.bytes_rounded === null) return [];
        const ratio = header.file_bytes / file.bytes_rounded;
        return [{ name: `${model.repository} ${file.quantization}`, ratio }];
      }),
    );
    expect(compared.length).toBeGreaterThan(25);
    // These files have a layer for several tokens at once besides, and more bits than usual for some matrices.
    const isLarger = ({ name, ratio }: { name: string; ratio: number }) =>
      /Qwen_Qwen3\.5-/.test(name) && ratio > 0.88 && ratio < 1;
    expect(compared.filter((row) => Math.abs(row.ratio - 1) > 0.02 && !isLarger(row))).toEqual([]);
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

describe("the schema", () => {
  test("describes every property", () => {
    expect(undescribed(catalogueSchema, "catalogue")).toEqual([]);
  });

  test("knows the architectures that can be planned", () => {
    const { properties } = shapeSchema(catalogueSchema);
    expect([...(properties.architecture.enum ?? [])].sort()).toEqual([...SHAPED_ARCHITECTURES].sort());
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
      /source 99 does not exist/,
    ],
    [
      "an exact size",
      ({ models }) => Object.assign(models[0]?.files[0] ?? {}, { bytes_rounded: 328_577_056 }),
      /rounded/,
    ],
    ["a whole hash", ({ models }) => Object.assign(models[0]?.files[0] ?? {}, { sha256_prefix: "a".repeat(64) }), /16/],
    ["an unknown key", ({ models }) => Object.assign(models[0] ?? {}, { nmae: 1 }), /nmae/],
    ["a shape without layers", ({ models }) => Object.assign(models[0] ?? {}, { shape: {} }), /layer_count/],
    ["two words", ({ models }) => Object.assign(models[0] ?? {}, { name: "Gemma 3" }), /name: must match pattern/],
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
    [
      "at odds with the schema",
      "[chat, tools, summaries]",
      "[chat, tools, poems]",
      /llama3\.2-1b\/good_for\/2: must be/,
    ],
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
