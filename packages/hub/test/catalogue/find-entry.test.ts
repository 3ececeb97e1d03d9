import { beforeAll, describe, expect, test } from "vitest";
import {
  findCatalogueFile,
  findCatalogueModel,
  nearestNames,
  requireCatalogueModel,
} from "../../src/catalogue/find-entry.js";
import { loadCatalogue } from "../../src/catalogue/load-catalogue.js";
import type { ModelCatalogue } from "../../src/catalogue/model-catalogue.js";
import { HubError } from "../../src/hub-error.js";

let catalogue: ModelCatalogue;

beforeAll(async () => {
  catalogue = await loadCatalogue();
});

function failureOf(word: string, names?: readonly string[]): HubError {
  try {
    requireCatalogueModel(catalogue, word, names);
  } catch (error) {
    if (HubError.isInstance(error)) return error as HubError;
  }
  throw new Error(`${word} was found`);
}

describe("names of the catalogue", () => {
  test("are found in any case", () => {
    expect(findCatalogueModel(catalogue, "qwen3-0.6b")?.repository).toBe("unsloth/Qwen3-0.6B-GGUF");
    expect(requireCatalogueModel(catalogue, "Qwen3-0.6B").name).toBe("qwen3-0.6b");
    expect(findCatalogueModel(catalogue, "qwen3")).toBeNull();
  });

  test("are suggested for a word that is not one of them", () => {
    const error = failureOf("quen3-0.6b");
    expect(error.code).toBe("model-unknown");
    expect(error.message).toBe('Unknown model "quen3-0.6b".');
    expect(error.hint).toMatch(/^Did you mean qwen3-0\.6b or .+\? Download it with nanoagent models pull qwen3-0\.6b$/);
  });

  test("include those on the device", () => {
    expect(failureOf("my-modle", ["my-model"]).hint).toMatch(/^Did you mean my-model\?/);
  });

  test("are not suggested if none is close", () => {
    expect(failureOf("zzzzzzzzzzzzzzzz").hint).toContain("nanoagent models recommend");
  });

  test("are suggested three at most, each once", () => {
    const names = ["abc1", "abc2", "abc3", "abc4", "abc1"];
    expect(nearestNames("smolm2", ["qwen3-0.6b", "smollm2-135m", "smollm2-360m"])).toEqual([
      "smollm2-135m",
      "smollm2-360m",
    ]);
    expect(nearestNames("abcd", names)).toHaveLength(3);
    expect(new Set(nearestNames("abcd", names)).size).toBe(3);
  });
});

describe("findCatalogueFile", () => {
  test("finds an entry by its repository, in any case, and its file by the quantization", () => {
    const found = findCatalogueFile(catalogue, "BARTOWSKI/qwen_qwen3.5-2b-gguf", "Q4_K_M");
    expect(found?.model.name).toBe("qwen3.5-2b");
    expect(found?.file?.sha256_prefix).toBe("57a1085840f497d7");
  });

  test("finds an entry without a file of the quantization", () => {
    expect(findCatalogueFile(catalogue, "bartowski/Qwen_Qwen3.5-2B-GGUF", "Q6_K")).toMatchObject({ file: null });
    expect(findCatalogueFile(catalogue, "bartowski/Qwen_Qwen3.5-2B-GGUF", null)).toMatchObject({ file: null });
    expect(findCatalogueFile(catalogue, "someone/else", "Q8_0")).toBeNull();
  });
});
