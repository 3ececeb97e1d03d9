import { existsSync, linkSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { blobPath, placeSnapshot, repositoryFolder, snapshotPath } from "../../src/caches/hub-cache.js";
import { listHubCache } from "../../src/caches/list-hub-cache.js";
import {
  COMMIT,
  cacheFile,
  errorOf,
  OTHER_COMMIT,
  sha256,
  temporaryStore,
  tree,
  weights,
  write,
} from "../store/store-fixture.js";

const repository = "org/tiny-GGUF";

test("a placed file has the layout of Hugging Face's cache", async () => {
  const environment = temporaryStore();
  const blob = write(blobPath(environment, repository, { sha256: sha256(weights()), gitSha1: null }), weights());
  const place = { repository, commit: COMMIT, reference: "main", path: "sub/tiny-Q8_0.gguf", blob };
  const snapshot = await placeSnapshot(environment, place);
  expect(snapshot).toBe(snapshotPath(environment, repository, COMMIT, "sub/tiny-Q8_0.gguf"));
  expect(readlinkSync(snapshot)).toBe(`../../../blobs/${sha256(weights())}`);
  expect(readFileSync(snapshot)).toEqual(weights());
  expect(readFileSync(path.join(environment.hubCache, "models--org--tiny-GGUF/refs/main"), "utf8")).toBe(COMMIT);
  expect(await placeSnapshot(environment, place)).toBe(snapshot);
  expect(tree(path.join(environment.hubCache))).toHaveLength(3);
});

test.each(["EPERM", "ENOSYS", "EOPNOTSUPP", "EINVAL"])(
  "without links (%s) the snapshot has a real file",
  async (code) => {
    const environment = temporaryStore();
    const blob = write(blobPath(environment, repository, { sha256: sha256(weights()), gitSha1: null }), weights());
    const symlink = async () => {
      throw Object.assign(new Error(code), { code });
    };
    const place = { repository, commit: COMMIT, reference: "main", path: "tiny-Q8_0.gguf", blob };
    const snapshot = await placeSnapshot(environment, place, { symlink });
    expect(lstatSync(snapshot).isFile()).toBe(true);
    await placeSnapshot(environment, place, { symlink });
    const { models } = await listHubCache(environment);
    expect(models).toMatchObject([
      { repository, revision: COMMIT, file: "tiny-Q8_0.gguf", files: [{ path: snapshot }] },
    ]);
    expect(tree(environment.hubCache).filter((file) => file.includes("nanoagent-part"))).toEqual([]);
  },
);

test("another error of the link is reported with the file", async () => {
  const environment = temporaryStore();
  const symlink = async () => {
    throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
  };
  const place = { repository, commit: COMMIT, reference: null, path: "a.gguf", blob: "/blob" };
  const error = await errorOf(placeSnapshot(environment, place, { symlink }));
  expect(error).toMatchObject({ code: "store-unusable", reason: "The disk is full (ENOSPC)." });
});

test.each(["../x.gguf", "a/../../x.gguf", "/x.gguf", "a//x.gguf", "", "a\\x.gguf", "a\0.gguf", "a/./x.gguf"])(
  "the path %j never leads outside",
  async (file) => {
    const environment = temporaryStore();
    expect(() => snapshotPath(environment, repository, COMMIT, file)).toThrow("cannot be the path");
  },
);

test.each(["../x", "org", "org/../x", "a/b/c", "org/--x", ".x/y"])("the repository %j has no folder", (name) => {
  expect(() => repositoryFolder(temporaryStore(), name)).toThrow("cannot be the name");
});

test("a commit, a hash and a reference are checked as well", async () => {
  const environment = temporaryStore();
  expect(() => snapshotPath(environment, repository, "main", "a.gguf")).toThrow("is not a commit");
  expect(() => blobPath(environment, repository, { sha256: "../x", gitSha1: null })).toThrow("without a hash");
  const place = { repository, commit: COMMIT, reference: "../../x", path: "a.gguf", blob: "/blob" };
  expect(await errorOf(placeSnapshot(environment, place))).toMatchObject({ code: "store-unusable" });
  expect(existsSync(path.join(environment.hubCache, "x"))).toBe(false);
});

test("models of main come first, then those of other commits; a shared file is listed once", async () => {
  const environment = temporaryStore();
  cacheFile(environment, { commit: OTHER_COMMIT, reference: null, bytes: weights("old") });
  cacheFile(environment, { commit: OTHER_COMMIT, reference: null, bytes: weights("same"), path: "tiny-Q8_0.gguf" });
  cacheFile(environment, { bytes: weights("new") });
  cacheFile(environment, { bytes: weights("same"), path: "tiny-Q8_0.gguf" });
  const { models } = await listHubCache(environment);
  expect(models.map(({ revision, file, references }) => [revision, file, references])).toEqual([
    [COMMIT, "tiny-Q4_K_M.gguf", ["main"]],
    [COMMIT, "tiny-Q8_0.gguf", ["main"]],
    [OTHER_COMMIT, "tiny-Q4_K_M.gguf", []],
  ]);
  expect(models[0]?.files[0].sha256).toBe(sha256(weights("new")));
});

test("broken links, links that leave the repository, partial files and other files are not models", async () => {
  const environment = temporaryStore();
  const outside = write(path.join(environment.home, "outside.gguf"), weights());
  const { snapshot, blob } = cacheFile(environment);
  const folder = path.dirname(snapshot);
  symlinkSync("../../blobs/missing", path.join(folder, "broken.gguf"));
  symlinkSync(outside, path.join(folder, "outside.gguf"));
  symlinkSync(path.dirname(outside), path.join(folder, "folder.gguf"));
  symlinkSync("loop.gguf", path.join(folder, "loop.gguf"));
  mkdirSync(path.join(folder, "directory.gguf"));
  for (const ending of ["incomplete", "downloadInProgress", "nanoagent-part"]) {
    write(`${blob}.${ending}`, "GGUF");
    write(path.join(folder, `x.gguf.${ending}`), "GGUF");
  }
  write(path.join(folder, "README.md"), "text");
  write(path.join(environment.hubCache, "models--org--tiny-GGUF", "snapshots", "main", "x.gguf"), "GGUF");
  write(path.join(environment.hubCache, "datasets--org--x", "snapshots", COMMIT, "x.gguf"), "GGUF");
  write(path.join(environment.hubCache, "models--..--x", "snapshots", COMMIT, "x.gguf"), "GGUF");
  write(path.join(environment.hubCache, "models--org--file"), "GGUF");
  const { models } = await listHubCache(environment);
  expect(models.map(({ file }) => file)).toEqual(["tiny-Q4_K_M.gguf"]);
});

test("split models count as one, incomplete ones get a notice, side files are left out", async () => {
  const environment = temporaryStore();
  for (const part of ["00002", "00001"]) {
    cacheFile(environment, { path: `Q8/tiny-Q8_0-${part}-of-00002.gguf`, bytes: weights(part) });
  }
  cacheFile(environment, { path: "tiny-F16-00001-of-00002.gguf", bytes: weights("f16") });
  cacheFile(environment, { path: "mmproj-tiny-F16.gguf", bytes: weights("mm") });
  const { models, notices } = await listHubCache(environment);
  expect(models).toHaveLength(1);
  expect(models[0]?.files.map(({ path: file }) => path.basename(file))).toEqual([
    "tiny-Q8_0-00001-of-00002.gguf",
    "tiny-Q8_0-00002-of-00002.gguf",
  ]);
  expect(notices).toEqual([expect.stringMatching(/^org\/tiny-GGUF: .*tiny-F16-00001-of-00002.gguf/)]);
});

test("a missing cache, and a cache that is a file, have no models", async () => {
  const environment = temporaryStore();
  expect((await listHubCache(environment)).models).toEqual([]);
  write(environment.hubCache, "file");
  expect((await listHubCache(environment)).models).toEqual([]);
});

test("the blob that is a hard link of a snapshot's file is the same file", async () => {
  const environment = temporaryStore();
  const { snapshot, blob } = cacheFile(environment);
  rmSync(snapshot);
  linkSync(blob, snapshot);
  expect((await listHubCache(environment)).models).toHaveLength(1);
});
