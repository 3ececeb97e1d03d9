import { utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { listOllamaStores } from "../../src/caches/ollama-store.js";
import { namedModelPath, ollamaModelPath } from "../../src/caches/own-models.js";
import { parseModelName } from "../../src/names/parse-model-name.js";
import { listModels } from "../../src/store/list-models.js";
import { recordModel } from "../../src/store/record-model.js";
import {
  COMMIT,
  cacheFile,
  OTHER_COMMIT,
  ollamaModel,
  sha256,
  temporaryStore,
  weights,
  write,
} from "./store-fixture.js";

const stored = (file: string) => ({ files: [{ path: file, sha256: sha256(weights()) }], own: true });

test("everything at hand has a name, a source and a hash where one is known", async () => {
  const environment = temporaryStore();
  const cached = cacheFile(environment);
  const blob = ollamaModel(environment.ollamaStores[0] ?? "", "registry.ollama.ai/library/tiny/1b", weights("o"));
  ollamaModel(environment.ollamaStores[0] ?? "", "hf.co/org/other-GGUF/Q8_0", weights("h"));
  const studio = write(path.join(environment.lmStudioFolders[0] ?? "", "org/studio/studio-Q6_K.gguf"), weights("s"));
  const own = write(namedModelPath(environment, "mine"), weights("m"));
  write(ollamaModelPath(environment, { source: "ollama", namespace: "ada", model: "x", tag: "latest" }), weights("x"));
  const { models, notices } = await listModels(environment);
  expect(notices).toEqual([]);
  const base = { bytes: 3_000, license: null, verified: false, sha256: null, repository: null, revision: null };
  expect(models).toEqual([
    { ...base, name: "mine", path: own, source: "import", quantization: null },
    expect.objectContaining({ name: "ollama:ada/x", source: "ollama", repository: "ada/x:latest" }),
    expect.objectContaining({
      name: "ollama:tiny:1b",
      path: blob,
      source: "ollama",
      sha256: sha256(weights("o")),
      repository: "library/tiny:1b",
      revision: expect.stringMatching(/^[0-9a-f]{64}$/),
    }),
    expect.objectContaining({ name: "org/other-GGUF:Q8_0", source: "ollama", quantization: "Q8_0" }),
    expect.objectContaining({ name: "org/studio:Q6_K", path: studio, source: "lm-studio", repository: "org/studio" }),
    {
      ...base,
      name: "org/tiny-GGUF:Q4_K_M",
      path: cached.snapshot,
      sha256: sha256(weights()),
      source: "huggingface",
      repository: "org/tiny-GGUF",
      revision: COMMIT,
      quantization: "Q4_K_M",
    },
  ]);
});

test("a model is verified until its size or time changes", async () => {
  const environment = temporaryStore();
  const file = write(namedModelPath(environment, "mine"), weights());
  const facts = { name: "mine", repository: null, revision: null, quantization: "Q4_0", license: "mit" };
  await recordModel(environment, { ...facts, source: "address", ...stored(file) });
  const only = async () => (await listModels(environment)).models[0];
  expect(await only()).toMatchObject({ verified: true, sha256: sha256(weights()), source: "address", license: "mit" });
  utimesSync(file, new Date(), new Date(2020, 1));
  expect(await only()).toMatchObject({ verified: false, sha256: null, license: "mit" });
  await recordModel(environment, { ...facts, source: "address", ...stored(file) });
  writeFileSync(file, weights(1, 3_001));
  expect(await only()).toMatchObject({ verified: false, bytes: 3_001 });
});

test("a link that points to another blob is not verified", async () => {
  const environment = temporaryStore();
  const { snapshot } = cacheFile(environment);
  const facts = { name: "x", repository: null, revision: null, quantization: null, license: null };
  const files = [{ path: snapshot, sha256: sha256(weights("other")) }];
  await recordModel(environment, { ...facts, source: "huggingface", own: true, files });
  expect((await listModels(environment)).models[0]?.verified).toBe(false);
});

test("names are unique, and each is read as the same model", async () => {
  const environment = temporaryStore();
  cacheFile(environment, { path: "tiny-Q4_K_M.gguf", bytes: weights(1) });
  cacheFile(environment, { path: "tiny-Q4_K_M-hip.gguf", bytes: weights(2) });
  cacheFile(environment, { path: "sub/plain.gguf", bytes: weights(3) });
  cacheFile(environment, { path: "tiny-Q4_K_M.gguf", bytes: weights(4), commit: OTHER_COMMIT, reference: null });
  cacheFile(environment, { path: "model.gguf", bytes: weights(5), repository: "org/only" });
  const { models } = await listModels(environment);
  expect(models.map(({ name }) => name)).toEqual([
    `https://huggingface.co/org/tiny-GGUF/blob/${OTHER_COMMIT}/tiny-Q4_K_M.gguf`,
    "https://huggingface.co/org/tiny-GGUF/blob/main/sub/plain.gguf",
    "https://huggingface.co/org/tiny-GGUF/blob/main/tiny-Q4_K_M-hip.gguf",
    "org/only",
    "org/tiny-GGUF:Q4_K_M",
  ]);
  for (const { name } of models) expect(() => parseModelName(name, environment)).not.toThrow();
});

test("a file whose name is taken by another folder is left out with a notice", async () => {
  const environment = temporaryStore();
  cacheFile(environment);
  const lmStudio = path.join(environment.lmStudioFolders[0] ?? "", "org/tiny-GGUF/tiny-Q4_K_M.gguf");
  write(lmStudio, weights(2));
  ollamaModel(environment.ollamaStores[0] ?? "", "hf.co/org/tiny-GGUF/Q4_K_M", weights(3));
  const { models, notices } = await listModels(environment);
  expect(models.map(({ source }) => source)).toEqual(["lm-studio", "huggingface"]);
  expect(notices).toEqual([expect.stringContaining("in Ollama's store was left out")]);
});

test("own models alone are listed on request", async () => {
  const environment = temporaryStore();
  const { snapshot } = cacheFile(environment);
  cacheFile(environment, { repository: "org/foreign" });
  write(namedModelPath(environment, "mine"), weights());
  const facts = { name: "x", repository: null, revision: null, quantization: null, license: null };
  await recordModel(environment, { ...facts, source: "huggingface", ...stored(snapshot) });
  const { models } = await listModels(environment, { own: true });
  expect(models.map(({ name }) => name)).toEqual(["mine", "org/tiny-GGUF:Q4_K_M"]);
});

test.each([
  ["a blob of another size", { size: 5 }],
  ["a digest that is a path", { digest: "../../x" }],
  ["no model layer", { mediaType: "application/vnd.ollama.image.tensor" }],
])("Ollama's store: %s is not a model", async (_, options) => {
  const environment = temporaryStore();
  const store = environment.ollamaStores[0] ?? "";
  write(path.join(store, "x"), weights());
  ollamaModel(store, "registry.ollama.ai/library/tiny/latest", weights(), options);
  expect((await listOllamaStores(environment)).models).toEqual([]);
});

test.each(["{", "null", "[]", '{"layers":5}', '{"layers":[null,5,{}]}', `${" ".repeat(1_048_577)}`])(
  "Ollama's store: a damaged manifest is not a model",
  async (text) => {
    const environment = temporaryStore();
    write(path.join(environment.ollamaStores[0] ?? "", "manifests/registry.ollama.ai/library/x/latest"), text);
    ollamaModel(environment.ollamaStores[0] ?? "", "registry.ollama.ai/library/good/latest", weights());
    expect((await listOllamaStores(environment)).models.map(({ name }) => name)).toEqual(["ollama:good"]);
  },
);

test.each(["..", "a/b", "a b", "", "-", "x".repeat(300), "con/x"])("%j has no place in the models folder", (name) => {
  const environment = temporaryStore();
  expect(() => namedModelPath(environment, name)).toThrow("cannot be the name");
  const ollama = { source: "ollama" as const, namespace: "library", model: name, tag: "latest" };
  expect(() => ollamaModelPath(environment, ollama)).toThrow("cannot be the name");
});
