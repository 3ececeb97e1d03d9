import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HubError } from "../../src/hub-error.js";
import { parseModelName } from "../../src/names/parse-model-name.js";
import { chooseFiles, selectModel } from "../../src/sources/choose-files.js";
import { leftOutNotices } from "../../src/sources/left-out-notices.js";

function choose(paths: readonly string[]) {
  return chooseFiles(paths.map((path, index) => ({ path, bytes: 1000 + index })));
}

function pathsOf(paths: readonly string[]): string[][] {
  return choose(paths).models.map(({ files }) => files.map(({ path }) => path));
}

test("files in folders, split and not, are models; other files are not", () => {
  const { models, leftOut } = choose([
    "README.md",
    "a-Q4_0.gguf",
    "Q4_K_M/b-00002-of-00002.gguf",
    "Q4_K_M/b-00001-of-00002.gguf",
    "BF16/c.GGUF",
    "leap/a.json",
    "a.gguf/inner.txt",
  ]);
  expect(models.map(({ quantization, files }) => [quantization, files.map(({ path }) => path)])).toEqual([
    ["Q4_0", ["a-Q4_0.gguf"]],
    ["BF16", ["BF16/c.GGUF"]],
    ["Q4_K_M", ["Q4_K_M/b-00001-of-00002.gguf", "Q4_K_M/b-00002-of-00002.gguf"]],
  ]);
  expect(leftOut).toEqual([]);
});

describe("side files", () => {
  test.each([
    "mmproj-model-f16.gguf",
    "sub/MMPROJ-BF16.gguf",
    "model.mmproj-Q8_0.gguf",
    "mmproj/x.gguf",
    "LiquidAI_LFM2-1.2B-RAG-imatrix.gguf",
    "mtp-gemma-4-E2B-it.gguf",
    "MTP-x.gguf",
    "model-mtp-Q8_0.gguf",
    "eagle3-x.gguf",
    "Qwen3-4B-DFlash.Q8_0.gguf",
    "dspark-x.gguf",
    "model-draft-Q4_0.gguf",
    "lora.gguf",
    "my-LoRA-f16.gguf",
    "adapter_model.gguf",
    "x-projector.gguf",
    "ggml-vocab-llama.gguf",
    "llama-vocab-only.gguf",
  ])("%s", (path) => {
    expect(choose([path, "a-Q4_0.gguf"])).toMatchObject({
      models: [{ files: [{ path: "a-Q4_0.gguf" }] }],
      leftOut: [{ path, reason: "side-file" }],
    });
  });

  test.each([
    "Flora-7B-Q4_0.gguf",
    "model-lora-merged-Q4_K_M.gguf",
    "Qwen3.5-4B-MTP-Q4_K_M.gguf",
    "Eagle-7B-Q4_0.gguf",
    "overdraft-Q4_0.gguf",
    "small-vocab-Q4_0.gguf",
  ])("a model: %s", (path) => {
    expect(pathsOf([path])).toEqual([[path]]);
  });
});

test("a name that ends with its label comes first, then one file, then the shorter path", () => {
  expect(pathsOf(["LFM2-350M-Q4_K_M-hip-optimized.gguf", "LFM2-350M-Q4_K_M.gguf", "LFM2-350M-F16.gguf"])).toEqual([
    ["LFM2-350M-Q4_K_M.gguf"],
    ["LFM2-350M-Q4_K_M-hip-optimized.gguf"],
    ["LFM2-350M-F16.gguf"],
  ]);
  expect(pathsOf(["Q4_0-x.gguf", "a-longer-name-Q4_0.gguf"])[0]).toEqual(["a-longer-name-Q4_0.gguf"]);
  expect(pathsOf(["a-f16-00001-of-00001.gguf", "more/a-fp16.gguf", "a_FP16.gguf"])[0]).toEqual(["a_FP16.gguf"]);
});

test("an incomplete split is left out, beside a whole file of the same label", () => {
  const whole = "Phi-3-mini-4k-instruct-q4_k_m.gguf";
  const parts = [1, 2].map((part) => `phi-3-mini-4k-instruct-q4_k_m-0000${part}-of-00010.gguf`);
  const { models, leftOut } = choose([...parts, whole]);
  expect(models).toMatchObject([{ quantization: "Q4_K_M", files: [{ path: whole }] }]);
  expect(leftOut).toEqual(parts.map((path) => ({ path, reason: "incomplete-split", kind: null })));
  expect(leftOutNotices(leftOut)).toEqual([`Left out ${parts.join(", ")}: some parts of the split file are missing.`]);
});

test.each([
  [["a-00000-of-00001.gguf"]],
  [["a-00002-of-00001.gguf"]],
  [["a-00001-of-00000.gguf"]],
  [["a-00001-of-00002.gguf", "a-00003-of-00002.gguf"]],
  [["a-00001-of-99999.gguf"]],
  [["a-00001-of-00002.gguf", "b/a-00002-of-00002.gguf"]],
])("parts that do not belong together: %j", (paths) => {
  const { models, leftOut } = choose(paths);
  expect(models).toEqual([]);
  expect(leftOut.map(({ path }) => path).sort()).toEqual([...paths].sort());
});

test("pieces of a cut file are left out with a notice", () => {
  const pieces = ["a.gguf-split-aa", "a.gguf.part1of3", "b.gguf.001"];
  const { models, leftOut } = choose(pieces);
  expect(models).toEqual([]);
  expect(leftOut.map(({ reason }) => reason)).toEqual(["not-gguf", "not-gguf", "not-gguf"]);
  expect(leftOutNotices([...leftOut, ...leftOut])[0]).toMatch(/^Left out a\.gguf-split-aa, .* and 3 more: /);
});

test("every GGUF file is either in one model or left out", () => {
  const name = fc
    .tuple(
      fc.constantFrom("a", "b", "sub/a", "mmproj-a", "x-lora"),
      fc.constantFrom("", "-Q4_0", "-Q4_K_M", "-UD-Q4_K_XL"),
      fc.constantFrom("", "-00001-of-00002", "-00002-of-00002", "-00003-of-00002", "-00001-of-00001"),
      fc.constantFrom(".gguf", ".GGUF", ".txt"),
    )
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 30 }), (paths) => {
      const { models, leftOut } = choose(paths);
      const all = [...models.flatMap(({ files }) => files.map(({ path }) => path)), ...leftOut.map(({ path }) => path)];
      expect(all.sort()).toEqual(paths.filter((path) => !path.endsWith(".txt")).sort());
      expect(choose([...paths].reverse()).models.length).toBe(models.length);
    }),
  );
});

describe("selectModel", () => {
  const models = ["Q4_K_M", "Q4_K_M", "UD-Q4_K_XL", "UD-Q4_K_M", "F16", null].map((quantization, id) => ({
    quantization,
    id,
  }));

  test.each([
    ["Q4_K_M", 0],
    ["q4_k_m", 0],
    ["UD-Q4_K_M", 3],
    ["Q4_K_XL", 2],
    ["fp16", 4],
  ])("%s", (label, id) => {
    expect(selectModel(models, label, null).id).toBe(id);
  });

  test.each(["Q8_0", "UD-F16", "Q4_K", "", "null"])("%j is not there", (label) => {
    let caught: unknown;
    try {
      selectModel(models, label, parseModelName("org/repo:Q2_K", { endpoint: "https://huggingface.co" }));
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(HubError);
    expect(caught).toMatchObject({
      code: "quantization-not-found",
      hint: "Choose one of Q4_K_M, UD-Q4_K_XL, UD-Q4_K_M, F16, as in: nanoagent models pull org/repo:Q4_K_M",
    });
  });

  test.each([
    ["ollama:q:0.6b", "ollama:q:0.6b has no file", "Choose one of Q4_0, as in: nanoagent models pull ollama:q:0.6b"],
    ["https://example.org/a.gguf?signature=x", "The repository has no file", "Choose one of Q4_0."],
  ])("the command for %s is one that works", (text, message, hint) => {
    const name = parseModelName(text, { endpoint: "https://huggingface.co" });
    const select = () => selectModel([{ quantization: "Q4_0" }], "Q8_0", name);
    expect(select).toThrow(expect.objectContaining({ message: expect.stringContaining(message), hint }));
  });

  test("names without labels", () => {
    expect(() => selectModel([{ quantization: null }], "Q4_0", null)).toThrow("The repository has no file");
  });
});
