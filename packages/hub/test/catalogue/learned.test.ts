import { beforeAll, describe, expect, test } from "vitest";
import { findCatalogueModel } from "../../src/catalogue/find-entry.js";
import {
  addLearned,
  type LearnedRepository,
  learnedFrom,
  learnedGone,
  MAX_REPOSITORIES,
  NOTHING_LEARNED,
  withLearned,
} from "../../src/catalogue/learned.js";
import { loadCatalogue } from "../../src/catalogue/load-catalogue.js";
import type { ModelCatalogue } from "../../src/catalogue/model-catalogue.js";
import { recommendModels } from "../../src/catalogue/recommend.js";
import type { RemoteFile, RemoteRepository } from "../../src/sources/remote-model.js";
import { deviceFacts } from "./device-facts.js";

const REPOSITORY = "unsloth/Qwen3-0.6B-GGUF";
const SHA256 = "ab".repeat(32);
const now = new Date("2026-11-29T12:00:00Z");

let catalogue: ModelCatalogue;

beforeAll(async () => {
  catalogue = await loadCatalogue();
});

function remoteFile(path: string, bytes: number | null, sha256: string | null = SHA256): RemoteFile {
  return { path, bytes, sha256, gitSha1: null, url: `https://huggingface.co/${REPOSITORY}/resolve/main/${path}` };
}

function remote(changes: Partial<RemoteRepository> = {}): RemoteRepository {
  return {
    source: "huggingface",
    repository: REPOSITORY,
    reference: "main",
    revision: "0".repeat(40),
    license: "apache-2.0",
    licenseFiles: [],
    models: [{ quantization: "Q4_K_M", files: [remoteFile("Qwen3-0.6B-Q4_K_M.gguf", 396_705_472)] }],
    notices: [],
    ...changes,
  };
}

function learnedOf(changes: Partial<RemoteRepository> = {}, askedFor?: string): LearnedRepository {
  const learned = learnedFrom(remote(changes), { askedFor, now });
  if (learned === null) throw new Error("Nothing was learned");
  return learned;
}

function applied(...learned: LearnedRepository[]) {
  return withLearned(catalogue, learned.reduce(addLearned, NOTHING_LEARNED));
}

describe("learnedFrom", () => {
  test("keeps exact sizes and hashes of files with a quantization", () => {
    const models: RemoteRepository["models"] = [
      {
        quantization: "Q8_0",
        files: [remoteFile("a-00001-of-00002.gguf", 10), remoteFile("a-00002-of-00002.gguf", 5)],
      },
      {
        quantization: "Q6_K",
        files: [remoteFile("b-00001-of-00002.gguf", 10), remoteFile("b-00002-of-00002.gguf", null)],
      },
      { quantization: null, files: [remoteFile("c.gguf", 10)] },
    ];
    expect(learnedOf({ models })).toEqual({
      repository: REPOSITORY,
      former_names: [],
      is_gone: false,
      license: "apache-2.0",
      files: [
        { file: "a-00001-of-00002.gguf", quantization: "Q8_0", bytes: 15, sha256: null },
        { file: "b-00001-of-00002.gguf", quantization: "Q6_K", bytes: null, sha256: null },
      ],
      learned_at: "2026-11-29T12:00:00.000Z",
    });
  });

  test("writes models of Ollama as the catalogue does, and keeps nothing of a plain address", () => {
    expect(learnedOf({ source: "ollama", repository: "library/granite-embedding:30m" }).repository).toBe(
      "ollama:granite-embedding:30m",
    );
    expect(learnedFrom(remote({ source: "address", repository: null }))).toBeNull();
  });
});

describe("withLearned", () => {
  test("changes nothing without learned facts", () => {
    expect(withLearned(catalogue, NOTHING_LEARNED)).toEqual({ catalogue, notices: [] });
  });

  test("replaces the size and the files of an entry", () => {
    const { catalogue: changed, notices } = applied(learnedOf());
    const model = findCatalogueModel(changed, "qwen3-0.6b");
    expect(model?.files).toEqual([
      expect.objectContaining({
        quantization: "Q4_K_M",
        bytes: 396_705_472,
        sha256: SHA256,
        bytes_rounded: 397_000_000,
      }),
    ]);
    expect(notices).toEqual([]);
    const { models } = recommendModels(changed, { facts: deviceFacts(2048), measurement: null, for: null });
    const recommended = models.find(({ name }) => name === "qwen3-0.6b");
    expect(recommended?.download_bytes).toBe(396_705_472);
    expect(recommended?.stands_on.download_bytes).toMatch(/^exact/);
  });

  test("says that a repository was renamed, and follows it", () => {
    const { catalogue: changed, notices } = applied(learnedOf({ repository: "new-org/Qwen3-0.6B-GGUF" }, REPOSITORY));
    expect(findCatalogueModel(changed, "qwen3-0.6b")?.repository).toBe("new-org/Qwen3-0.6B-GGUF");
    expect(notices).toEqual([`${REPOSITORY} is now new-org/Qwen3-0.6B-GGUF.`]);
  });

  test("follows a repository that was renamed twice", () => {
    const first = learnedOf({ repository: "second/name" }, REPOSITORY);
    const second = learnedOf({ repository: "third/name" }, "second/name");
    expect(findCatalogueModel(applied(first, second).catalogue, "qwen3-0.6b")?.repository).toBe("third/name");
  });

  test("leaves out a repository that is gone, until it is back", () => {
    const gone = applied(learnedGone(REPOSITORY, now));
    expect(findCatalogueModel(gone.catalogue, "qwen3-0.6b")).toBeNull();
    expect(gone.notices).toEqual([`${REPOSITORY} no longer exists, so qwen3-0.6b is left out.`]);
    expect(
      findCatalogueModel(applied(learnedGone(REPOSITORY, now), learnedOf()).catalogue, "qwen3-0.6b"),
    ).not.toBeNull();
  });

  test("says that the license or the file differs from the shipped one", () => {
    const repository = "bartowski/Qwen_Qwen3.5-2B-GGUF";
    const models: RemoteRepository["models"] = [
      { quantization: "Q4_K_M", files: [remoteFile("Qwen_Qwen3.5-2B-Q4_K_M.gguf", 1_396_198_496)] },
    ];
    const { catalogue: changed, notices } = applied(learnedOf({ repository, models, license: "mit" }));
    expect(findCatalogueModel(changed, "qwen3.5-2b")?.license).toBe("mit");
    expect(notices).toEqual([
      `The license of ${repository} is mit, not apache-2.0 as the catalogue says.`,
      `Qwen_Qwen3.5-2B-Q4_K_M.gguf of ${repository} is not the file that the catalogue was made from.`,
    ]);
  });

  test("keeps the shipped license and files if the source says none", () => {
    const { catalogue: changed } = applied(learnedOf({ license: null, models: [] }));
    const model = findCatalogueModel(changed, "qwen3-0.6b");
    expect(model?.license).toBe("apache-2.0");
    expect(model?.files).toHaveLength(2);
  });
});

describe("addLearned", () => {
  test("forgets the oldest repositories", () => {
    const many = Array.from({ length: MAX_REPOSITORIES + 5 }, (_, index) => learnedGone(`org/repo-${index}`, now));
    const { repositories } = many.reduce(addLearned, NOTHING_LEARNED);
    expect(repositories).toHaveLength(MAX_REPOSITORIES);
    expect(repositories[0]?.repository).toBe("org/repo-5");
  });
});
