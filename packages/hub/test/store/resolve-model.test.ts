import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { namedModelPath } from "../../src/caches/own-models.js";
import { findHere } from "../../src/pull/find-here.js";
import type { RemoteFile } from "../../src/sources/remote-model.js";
import { listModels } from "../../src/store/list-models.js";
import type { ModelStamp } from "../../src/store/model-stamp.js";
import { resolveModel } from "../../src/store/resolve-model.js";
import { readStamps } from "../../src/store/stamps.js";
import { verifyModels } from "../../src/store/verify-models.js";
import {
  COMMIT,
  cacheFile,
  errorOf,
  noise,
  OTHER_COMMIT,
  ollamaModel,
  sha256,
  temporaryStore,
  weights,
  write,
} from "./store-fixture.js";

test("a model is hashed once before its first use, and again when it changes", async () => {
  const environment = temporaryStore();
  const bytes = noise(2_500_000);
  const { snapshot, blob } = cacheFile(environment, { bytes });
  const progress: number[] = [];
  const onHash = ({ hashedBytes }: { hashedBytes: number }) => progress.push(hashedBytes);
  const model = await resolveModel("org/tiny-GGUF:Q4_K_M", environment, { onHash });
  expect(model).toMatchObject({ path: snapshot, verified: true, sha256: sha256(bytes), revision: COMMIT });
  expect(progress).toEqual([1_048_576, 2_097_152, 2_500_000]);
  expect(await resolveModel("org/tiny-GGUF:Q4_K_M", environment, { onHash })).toEqual(model);
  expect(await listModels(environment)).toEqual({ models: [model], notices: [] });
  expect(progress).toHaveLength(3);
  utimesSync(blob, new Date(), new Date(2020, 1));
  await resolveModel("org/tiny-GGUF:Q4_K_M", environment, { onHash });
  expect(progress).toHaveLength(6);
});

test.each([
  "org/tiny-GGUF:q4_k_m",
  "org/tiny-GGUF",
  "hub:org/tiny-GGUF",
  "ORG/tiny-gguf:Q4_K_M",
  "hf.co/org/tiny-GGUF:Q4_K_M",
  "https://huggingface.co/org/tiny-GGUF/blob/main/tiny-Q4_K_M.gguf",
  `https://huggingface.co/org/tiny-GGUF/resolve/${COMMIT}/tiny-Q4_K_M.gguf`,
  `https://huggingface.co/org/tiny-GGUF/tree/${COMMIT}`,
])("%s is found", async (name) => {
  const environment = temporaryStore();
  const { snapshot } = cacheFile(environment);
  cacheFile(environment, { repository: "org/other", bytes: weights(2) });
  expect((await resolveModel(name, environment)).path).toBe(snapshot);
});

test("every listed name stands for its own file", async () => {
  const environment = temporaryStore();
  cacheFile(environment, { path: "tiny-Q4_K_M.gguf", bytes: weights(1) });
  cacheFile(environment, { path: "tiny-Q4_K_M-hip.gguf", bytes: weights(2) });
  cacheFile(environment, { path: "a/plain #1.gguf", bytes: weights(3) });
  cacheFile(environment, { path: "tiny-Q4_K_M.gguf", bytes: weights(4), commit: OTHER_COMMIT, reference: null });
  cacheFile(environment, { path: "tiny-UD-Q8_0.gguf", bytes: weights(6) });
  ollamaModel(environment.ollamaStores[0] ?? "", "registry.ollama.ai/library/tiny/1b", weights(7));
  write(path.join(environment.lmStudioFolders[0] ?? "", "org/tiny-GGUF/tiny-Q2_K.gguf"), weights(8));
  write(namedModelPath(environment, "mine"), weights(9));
  const { models } = await listModels(environment);
  expect(models).toHaveLength(8);
  for (const { name, path: file } of models) expect((await resolveModel(name, environment)).path).toBe(file);
  expect((await resolveModel("org/tiny-GGUF:Q8_0", environment)).quantization).toBe("UD-Q8_0");
  expect((await resolveModel("https://example.org/x/mine.gguf?token=1", environment)).name).toBe("mine");
});

test.skipIf(process.platform !== "linux")(
  "of two names that differ in case, each stands for its own file",
  async () => {
    const environment = temporaryStore();
    const lower = write(namedModelPath(environment, "mine"), weights(1));
    const upper = write(namedModelPath(environment, "Mine"), weights(2));
    expect((await resolveModel("mine", environment)).path).toBe(lower);
    expect((await resolveModel("Mine", environment)).path).toBe(upper);
  },
);

test("a repository with several quantizations needs one of them", async () => {
  const environment = temporaryStore();
  cacheFile(environment);
  cacheFile(environment, { path: "tiny-Q8_0.gguf", bytes: weights(2) });
  const error = await errorOf(resolveModel("org/tiny-GGUF", environment));
  expect(error).toMatchObject({ code: "quantization-not-found" });
  expect(error.hint).toContain("org/tiny-GGUF:Q4_K_M, org/tiny-GGUF:Q8_0");
});

test("a missing model is an error with the command that downloads it, and with near names", async () => {
  const environment = temporaryStore();
  cacheFile(environment);
  write(namedModelPath(environment, "my-model"), weights());
  const missing = async (name: string) => errorOf(resolveModel(name, environment));
  const quantization = await missing("org/tiny-GGUF:Q8_0");
  expect(quantization.code).toBe("model-not-downloaded");
  expect(quantization.reason).toMatch(/ On this device: org\/tiny-GGUF:Q4_K_M\.$/);
  expect(quantization.hint).toBe("Download it with: nanoagent models pull org/tiny-GGUF:Q8_0");
  expect((await missing("org/tiny-GGUG:Q4_K_M")).reason).toContain("On this device: org/tiny-GGUF:Q4_K_M.");
  expect((await missing("ollama:tiny")).hint).toContain("nanoagent models pull ollama:tiny");
  expect(await missing("my-modle")).toMatchObject({ code: "model-unknown" });
  expect((await missing("my-modle")).hint).toContain("On this device: my-model.");
  expect(await missing("../x")).toMatchObject({ code: "invalid-model-name" });
  expect((await missing(`https://huggingface.co/org/tiny-GGUF/tree/${OTHER_COMMIT}`)).code).toBe(
    "model-not-downloaded",
  );
});

test("wrong bytes under a hash are refused, in the cache and in Ollama's store", async () => {
  const environment = temporaryStore();
  cacheFile(environment, { bytes: weights(1), blob: sha256(weights(2)) });
  ollamaModel(environment.ollamaStores[0] ?? "", "registry.ollama.ai/library/tiny/latest", weights(1), {
    digest: sha256(weights(2)),
  });
  const cached = await errorOf(resolveModel("org/tiny-GGUF", environment));
  expect(cached).toMatchObject({ code: "download-damaged", message: "org/tiny-GGUF:Q4_K_M is damaged." });
  expect(cached.hint).toContain("nanoagent models pull org/tiny-GGUF:Q4_K_M");
  const ollama = await errorOf(resolveModel("ollama:tiny", environment));
  expect(ollama.code).toBe("download-damaged");
  expect(ollama.hint).toContain("ollama rm tiny");
  expect((await listModels(environment)).models.every(({ verified }) => !verified)).toBe(true);
});

test("a file that is not in LFS is verified by the git blob's SHA-1", async () => {
  const environment = temporaryStore();
  const bytes = Buffer.from("hello\n");
  const { snapshot } = cacheFile(environment, { bytes, blob: "5".repeat(40) });
  expect(await errorOf(resolveModel("org/tiny-GGUF", environment))).toMatchObject({ code: "download-damaged" });
  rmSync(snapshot);
  cacheFile(environment, { bytes, blob: "ce013625030ba8dba906f756967f9e9ca394464a" });
  expect(await resolveModel("org/tiny-GGUF", environment)).toMatchObject({ verified: true, sha256: sha256(bytes) });
});

test("own models that change are damaged; LM Studio may replace its files", async () => {
  const environment = temporaryStore();
  const own = write(namedModelPath(environment, "mine"), weights(1));
  const studio = write(path.join(environment.lmStudioFolders[0] ?? "", "org/s/s-Q4_0.gguf"), weights(1));
  await resolveModel("mine", environment);
  await resolveModel("org/s", environment);
  writeFileSync(own, weights(2));
  writeFileSync(studio, weights(2));
  utimesSync(own, 1, 1);
  utimesSync(studio, 1, 1);
  expect(await errorOf(resolveModel("mine", environment))).toMatchObject({ code: "download-damaged" });
  expect(await resolveModel("org/s", environment)).toMatchObject({ sha256: sha256(weights(2)), verified: true });
});

test("all parts of a split model are hashed, and a change of any is found", async () => {
  const environment = temporaryStore();
  cacheFile(environment, { path: "tiny-Q8_0-00001-of-00002.gguf", bytes: weights(1) });
  const second = cacheFile(environment, { path: "tiny-Q8_0-00002-of-00002.gguf", bytes: weights(2, 500) });
  const model = await resolveModel("org/tiny-GGUF:Q8_0", environment);
  expect(model).toMatchObject({ bytes: 3_500, sha256: sha256(weights(1)), verified: true });
  expect((await listModels(environment)).models[0]?.verified).toBe(true);
  appendFileSync(second.blob, "x");
  expect(await errorOf(resolveModel("org/tiny-GGUF:Q8_0", environment))).toMatchObject({ code: "download-damaged" });
});

test("a hash can be aborted", async () => {
  const environment = temporaryStore();
  cacheFile(environment, { bytes: noise(5_000_000) });
  const controller = new AbortController();
  const onHash = () => controller.abort(new Error("stopped"));
  const error = await errorOf(resolveModel("org/tiny-GGUF", environment, { onHash, signal: controller.signal }));
  expect(error.message).toBe("stopped");
  expect(existsSync(environment.stampsFile)).toBe(false);
});

test("a file that cannot be read is an error that names it", async () => {
  const environment = temporaryStore();
  const { snapshot, blob } = cacheFile(environment);
  await resolveModel("org/tiny-GGUF", environment);
  renameSync(blob, `${blob}.gone`);
  mkdirSync(blob);
  expect(await errorOf(resolveModel("org/tiny-GGUF", environment))).toMatchObject({ code: "model-not-downloaded" });
  expect(snapshot).toContain("tiny-Q4_K_M.gguf");
});

test("without a writable record the model works, with a notice", async () => {
  const environment = temporaryStore();
  cacheFile(environment);
  write(path.join(environment.home, "file"), "");
  const blocked = { ...environment, stampsFile: path.join(environment.home, "file", "models.json") };
  const notices: string[] = [];
  const model = await resolveModel("org/tiny-GGUF", blocked, { onNotice: (notice) => notices.push(notice) });
  expect(model.verified).toBe(true);
  expect(notices.join(" ")).toContain("will be hashed again");
});

test("verify says of each model whether it is right, wrong or unknown", async () => {
  const environment = temporaryStore();
  const { blob } = cacheFile(environment, { repository: "org/a" });
  cacheFile(environment, { repository: "org/b", bytes: weights(1), blob: sha256(weights(2)) });
  write(namedModelPath(environment, "c"), weights(3));
  const results = async (name: string | null = null) =>
    (await verifyModels(name, environment)).reports.map(({ model, result, error }) => [
      model.name,
      result,
      error?.code,
    ]);
  expect(await results()).toEqual([
    ["c", "unknown", undefined],
    ["org/a:Q4_K_M", "right", undefined],
    ["org/b:Q4_K_M", "wrong", "download-damaged"],
  ]);
  expect(await results("c")).toEqual([["c", "right", undefined]]);
  // Bit rot changes neither size nor time.
  const { atime, mtime } = statSync(blob);
  const bytes = readFileSync(blob);
  bytes[1_000] = (bytes[1_000] ?? 0) ^ 1;
  writeFileSync(blob, bytes);
  utimesSync(blob, atime, mtime);
  expect(await results("org/a")).toEqual([["org/a:Q4_K_M", "wrong", "download-damaged"]]);
  expect(await errorOf(verifyModels("d", environment))).toMatchObject({ code: "model-unknown" });
});

/** Changes a bit of a file, but neither its size nor its time. */
function rot(file: string): void {
  const { atime, mtime } = statSync(file);
  const bytes = readFileSync(file);
  bytes[1_000] = (bytes[1_000] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  utimesSync(file, atime, mtime);
}

test("a model that was found wrong is unverified and compared again, and is right again when its bytes are", async () => {
  const environment = temporaryStore();
  const { blob } = cacheFile(environment);
  const own = write(namedModelPath(environment, "mine"), weights(3));
  for (const number of [1, 2]) write(namedModelPath(environment, "big", { number, count: 2 }), weights(number));
  const part = namedModelPath(environment, "big", { number: 2, count: 2 });
  // Whole seconds, which can be restored.
  for (const file of [blob, own, part]) utimesSync(file, 1_000_000, 1_000_000);
  const names = ["big", "mine", "org/tiny-GGUF:Q4_K_M"];
  for (const name of names) await resolveModel(name, environment);
  const before = (await readStamps(environment)).stamps;
  for (const file of [blob, own, part]) rot(file);
  expect((await listModels(environment)).models.map(({ verified }) => verified)).toEqual([true, true, true]);
  expect((await verifyModels(null, environment)).reports.map(({ result }) => result)).toEqual([
    "wrong",
    "wrong",
    "wrong",
  ]);
  expect((await listModels(environment)).models.map(({ verified }) => verified)).toEqual([false, false, false]);
  for (const name of names) {
    expect(await errorOf(resolveModel(name, environment))).toMatchObject({ code: "download-damaged" });
  }
  const after = (await readStamps(environment)).stamps;
  const kept = ({ name, sha256, own, parts }: ModelStamp) => [name, sha256, own, parts?.map(({ sha256 }) => sha256)];
  expect(after.map(kept)).toEqual(before.map(kept));
  // A download does not trust the file either.
  const place = { path: (await listModels(environment)).models[2]?.path ?? "", blob };
  const file = { path: "tiny-Q4_K_M.gguf", bytes: 3_000, sha256: sha256(weights()), gitSha1: null };
  expect(await findHere(file as RemoteFile, place, { environment, signal: undefined })).toMatchObject({
    isRight: false,
  });
  for (const damaged of [blob, own, part]) rot(damaged);
  for (const name of names) expect(await resolveModel(name, environment)).toMatchObject({ verified: true });
});

test("a model without a record that is found wrong leaves none", async () => {
  const environment = temporaryStore();
  cacheFile(environment, { bytes: weights(1), blob: sha256(weights(2)) });
  await verifyModels(null, environment);
  expect(existsSync(environment.stampsFile)).toBe(false);
});
