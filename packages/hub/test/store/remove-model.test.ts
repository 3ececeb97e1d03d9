import { randomUUID } from "node:crypto";
import { existsSync, lstatSync, rmSync, symlinkSync, utimesSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { blobPath, placeSnapshot } from "../../src/caches/hub-cache.js";
import { namedModelPath, ollamaModelPath } from "../../src/caches/own-models.js";
import { ownProcess } from "../../src/files/process-identity.js";
import { listModels } from "../../src/store/list-models.js";
import { pruneStore } from "../../src/store/prune-store.js";
import { recordModel } from "../../src/store/record-model.js";
import { removeModel } from "../../src/store/remove-model.js";
import { resolveModel } from "../../src/store/resolve-model.js";
import { readStamps, updateStamps } from "../../src/store/stamps.js";
import { verifyModels } from "../../src/store/verify-models.js";
import {
  COMMIT,
  cacheFile,
  errorOf,
  OTHER_COMMIT,
  ollamaModel,
  sha256,
  temporaryStore,
  tree,
  weights,
  write,
} from "./store-fixture.js";

const repository = "org/tiny-GGUF";
type Store = ReturnType<typeof temporaryStore>;

/** Puts a file into the cache as a download of ours. */
async function download(environment: Store, { commit = COMMIT, file = "tiny-Q4_K_M.gguf", bytes = weights() } = {}) {
  const blob = write(blobPath(environment, repository, { sha256: sha256(bytes), gitSha1: null }), bytes);
  const place = { repository, commit, reference: commit === COMMIT ? "main" : null, blob };
  const snapshot = await placeSnapshot(environment, { ...place, path: file });
  const license = await placeSnapshot(environment, {
    ...place,
    path: "LICENSE",
    blob: write(blobPath(environment, repository, { sha256: null, gitSha1: "a".repeat(40) }), "MIT"),
  });
  await recordModel(environment, {
    name: `${repository}:Q4_K_M`,
    source: "huggingface",
    repository,
    revision: commit,
    quantization: "Q4_K_M",
    license: "mit",
    own: true,
    files: [{ path: snapshot, sha256: sha256(bytes) }],
    licenseFiles: [license],
  });
  return { snapshot, blob };
}

test("a downloaded model is removed with its blob, license, reference and folders", async () => {
  const environment = temporaryStore();
  const { blob, snapshot } = await download(environment);
  const result = await removeModel(`${repository}:Q4_K_M`, environment);
  expect(result.freedBytes).toBe(3_003);
  expect(result.removed).toEqual(expect.arrayContaining([snapshot, blob]));
  expect(tree(environment.hubCache)).toEqual([]);
  expect(existsSync(path.join(environment.hubCache, "models--org--tiny-GGUF"))).toBe(false);
  expect((await readStamps(environment)).stamps).toEqual([]);
});

test("a license stays while another model of ours in the snapshot needs it, and a file outside always", async () => {
  const environment = temporaryStore();
  const first = await download(environment);
  const outside = write(path.join(environment.home, "outside"), "kept");
  await updateStamps(environment, (stamps) =>
    stamps.map((stamp) => ({ ...stamp, license_files: [...(stamp.license_files ?? []), outside] })),
  );
  const second = await download(environment, { file: "tiny-Q8_0.gguf", bytes: weights(2) });
  const license = path.join(path.dirname(first.snapshot), "LICENSE");
  await removeModel(`${repository}:Q4_K_M`, environment);
  expect([existsSync(first.snapshot), existsSync(second.snapshot), existsSync(license)]).toEqual([false, true, true]);
  await removeModel(`${repository}:Q8_0`, environment);
  expect(tree(environment.hubCache)).toEqual([]);
  expect(existsSync(outside)).toBe(true);
});

test("a blob that another snapshot uses stays", async () => {
  const environment = temporaryStore();
  const { blob } = await download(environment);
  cacheFile(environment, { commit: OTHER_COMMIT, reference: "v1" });
  const result = await removeModel(`${repository}:Q4_K_M`, environment);
  expect(result.removed).not.toContain(blob);
  expect((await listModels(environment)).models).toMatchObject([{ revision: OTHER_COMMIT }]);
  expect(tree(path.join(environment.hubCache, "models--org--tiny-GGUF", "refs"))).toEqual(["v1"]);
});

test("files of other programs in the same repository stay", async () => {
  const environment = temporaryStore();
  await download(environment);
  const other = cacheFile(environment, { path: "tiny-Q8_0.gguf", bytes: weights(2) });
  await removeModel(`${repository}:Q4_K_M`, environment);
  expect(lstatSync(other.snapshot).isSymbolicLink()).toBe(true);
  expect(existsSync(other.blob)).toBe(true);
  expect(existsSync(path.join(environment.hubCache, "models--org--tiny-GGUF/refs/main"))).toBe(true);
});

test("without links, the hard link of the blob is removed as well", async () => {
  const environment = temporaryStore();
  const blob = write(blobPath(environment, repository, { sha256: sha256(weights()), gitSha1: null }), weights());
  const symlink = () => Promise.reject(Object.assign(new Error("EPERM"), { code: "EPERM" }));
  const place = { repository, commit: COMMIT, reference: "main", path: "a-Q8_0.gguf", blob };
  const snapshot = await placeSnapshot(environment, place, { symlink });
  const facts = { name: "x", source: "huggingface" as const, repository, revision: COMMIT, quantization: null };
  const files = [{ path: snapshot, sha256: sha256(weights()) }];
  await recordModel(environment, { ...facts, license: null, own: true, files });
  expect((await removeModel(`${repository}:Q8_0`, environment)).freedBytes).toBe(3_000);
  expect(tree(environment.hubCache)).toEqual([]);
});

test("own models are removed", async () => {
  const environment = temporaryStore();
  write(namedModelPath(environment, "mine"), weights());
  write(ollamaModelPath(environment, { source: "ollama", namespace: "ada", model: "x", tag: "1b" }), weights());
  for (const number of [1, 2]) write(namedModelPath(environment, "big", { number, count: 2 }), weights());
  await removeModel("mine", environment);
  await removeModel("ollama:ada/x:1b", environment);
  expect((await removeModel("big", environment)).freedBytes).toBe(6_000);
  expect(tree(environment.modelsFolder)).toEqual([]);
});

test("files of other programs are never removed, also not after they were hashed", async () => {
  const environment = temporaryStore();
  cacheFile(environment);
  ollamaModel(environment.ollamaStores[0] ?? "", "registry.ollama.ai/library/tiny/1b", weights(2));
  ollamaModel(environment.ollamaStores[0] ?? "", "hf.co/org/o/Q8_0", weights(4));
  write(path.join(environment.lmStudioFolders[0] ?? "", "org/s/s-Q4_0.gguf"), weights(3));
  const before = tree(environment.home);
  const hints: string[] = [];
  for (const name of ["org/tiny-GGUF", "ollama:tiny:1b", "org/o:Q8_0", "org/s"]) {
    await resolveModel(name, environment);
    const error = await errorOf(removeModel(name, environment));
    expect(error.code).toBe("store-unusable");
    hints.push(error.hint ?? "");
  }
  expect(hints[0]).toContain("hf cache rm model/org/tiny-GGUF");
  expect(hints[1]).toBe("Remove it with ollama rm tiny:1b.");
  expect(hints[2]).toBe("Remove it with ollama rm hf.co/org/o:Q8_0.");
  expect(hints[3]).toContain("LM Studio");
  expect(tree(environment.home).filter((file) => !file.endsWith("models.json"))).toEqual(before);
});

test("without its record, a download of ours is left, with the folder to delete by hand", async () => {
  const environment = temporaryStore();
  const { snapshot } = await download(environment);
  const newer = JSON.stringify({ format: 2, models: [] });
  for (const lose of [() => rmSync(environment.stampsFile), () => write(environment.stampsFile, newer)]) {
    lose();
    expect(await errorOf(removeModel(repository, environment))).toMatchObject({
      code: "store-unusable",
      reason: "nanoagent has no record of having put it there, so another program may still use it.",
      hint: expect.stringContaining(`Delete the folder ${path.join(environment.hubCache, "models--org--tiny-GGUF")},`),
    });
    expect(existsSync(snapshot)).toBe(true);
  }
});

test("a model that was found wrong can be removed", async () => {
  const environment = temporaryStore();
  const { blob } = await download(environment);
  write(blob, weights(5));
  expect((await verifyModels(repository, environment)).reports).toMatchObject([{ result: "wrong" }]);
  await removeModel(repository, environment);
  expect(tree(environment.hubCache)).toEqual([]);
});

const DAY = 86_400_000;

function partial(file: string, ageMilliseconds: number): string {
  write(file, "partial");
  const time = new Date(Date.now() - ageMilliseconds);
  utimesSync(file, time, time);
  return file;
}

test("prune removes partial files of yesterday, and all on request, except those in use", async () => {
  const environment = temporaryStore();
  const blobs = path.join(environment.hubCache, "models--org--x/blobs");
  const old = partial(path.join(blobs, "a.nanoagent-part"), 2 * DAY);
  const oldBlocks = partial(path.join(blobs, "a.nanoagent-blocks"), 2 * DAY);
  const recent = partial(path.join(environment.modelsFolder, "files/b.gguf.nanoagent-part"), DAY / 2);
  const live = partial(path.join(blobs, "c.nanoagent-part"), 0);
  const held = partial(path.join(blobs, "d.nanoagent-part"), 2 * DAY);
  const lock = write(
    path.join(blobs, "d.nanoagent-lock"),
    JSON.stringify({ ...ownProcess(), id: randomUUID(), sha256: null, gitSha1: null }),
  );
  utimesSync(lock, 1, 1);
  // The same id, of a process that started at another time.
  const reused = partial(path.join(blobs, "g.nanoagent-part"), 2 * DAY);
  const record = { ...ownProcess(), started: "1", id: randomUUID(), sha256: null, gitSha1: null };
  const reusedLock = write(path.join(blobs, "g.nanoagent-lock"), JSON.stringify(record));
  utimesSync(reusedLock, 1, 1);
  // A download with a recent lock, and another program's partial file.
  const waiting = partial(path.join(blobs, "e.nanoagent-part"), 2 * DAY);
  write(path.join(blobs, "e.nanoagent-lock"), "");
  const foreign = partial(path.join(blobs, "f.incomplete"), 9 * DAY);
  const dry = await pruneStore(environment, { isDryRun: true });
  expect(dry.files.map(({ path: file }) => file).sort()).toEqual(
    process.platform === "linux" ? [oldBlocks, old, reusedLock, reused] : [oldBlocks, old],
  );
  expect(dry.freedBytes).toBeGreaterThanOrEqual(14);
  expect(existsSync(old)).toBe(true);
  await pruneStore(environment);
  expect([old, oldBlocks].map((file) => existsSync(file))).toEqual([false, false]);
  expect(existsSync(recent)).toBe(true);
  await pruneStore(environment, { all: true });
  expect(existsSync(recent)).toBe(false);
  expect([live, held, waiting, foreign].map((file) => existsSync(file))).toEqual([true, true, true, true]);
});

test("prune removes a download that was just interrupted, and what a killed process left of its lock", async () => {
  const environment = temporaryStore();
  const blobs = path.join(environment.hubCache, "models--org--x/blobs");
  const left = ["part", "blocks", `lock.new-${randomUUID()}`].map((ending) =>
    partial(path.join(blobs, `a.nanoagent-${ending}`), 0),
  );
  await pruneStore(environment, { all: true });
  expect(left.filter((file) => existsSync(file))).toEqual([]);
});

test("prune never follows a link", async () => {
  const environment = temporaryStore();
  const outside = write(path.join(environment.home, "outside"), "kept");
  const link = path.join(environment.hubCache, "x.nanoagent-part");
  write(path.join(environment.hubCache, "y"), "");
  symlinkSync(outside, link);
  await pruneStore(environment, { all: true, now: Date.now() + 2 * DAY });
  expect([existsSync(outside), existsSync(link)]).toEqual([true, false]);
});

test("prune forgets files that are gone, and removes blobs of ours that nothing uses", async () => {
  const environment = temporaryStore();
  const { snapshot, blob } = await download(environment);
  const own = write(namedModelPath(environment, "mine"), weights(2));
  await resolveModel("mine", environment);
  expect((await pruneStore(environment)).forgotten).toEqual([]);
  rmSync(snapshot);
  rmSync(own);
  // A blob that was just stored may get its name in a snapshot next.
  expect((await pruneStore(environment, { isDryRun: true })).files).toEqual([]);
  const result = await pruneStore(environment, { now: Date.now() + DAY });
  expect(result.forgotten.sort()).toEqual(["mine", "org/tiny-GGUF:Q4_K_M"]);
  expect(result.files).toEqual([{ path: blob, bytes: 3_000, kind: "unused-blob" }]);
  expect(existsSync(blob)).toBe(false);
  expect((await readStamps(environment)).stamps).toEqual([]);
});

test("prune keeps a blob of ours that another snapshot uses", async () => {
  const environment = temporaryStore();
  const { snapshot, blob } = await download(environment);
  cacheFile(environment, { commit: OTHER_COMMIT, reference: null });
  rmSync(snapshot);
  const result = await pruneStore(environment, { now: Date.now() + DAY });
  expect(result).toMatchObject({ files: [], forgotten: ["org/tiny-GGUF:Q4_K_M"] });
  expect(existsSync(blob)).toBe(true);
});

test("prune removes the link of ours whose blob another program removed", async () => {
  const environment = temporaryStore();
  const { snapshot, blob } = await download(environment);
  rmSync(blob);
  expect((await pruneStore(environment)).files).toEqual([{ path: snapshot, bytes: 0, kind: "broken-link" }]);
  expect((await readStamps(environment)).stamps).toEqual([]);
});

test("prune keeps the records of a folder that is missing as a whole, such as a disk that is not mounted", async () => {
  const environment = temporaryStore();
  await download(environment);
  const unmounted = { ...environment, hubCache: path.join(environment.home, "elsewhere") };
  expect((await pruneStore(unmounted)).forgotten).toEqual([]);
  expect((await readStamps(environment)).stamps).toHaveLength(1);
});
