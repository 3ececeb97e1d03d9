import { execFileSync } from "node:child_process";
import { readFileSync, statfsSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { exportModel } from "../../src/bundles/export-model.js";
import { importModel } from "../../src/bundles/import-model.js";
import { blobPath, placeSnapshot } from "../../src/caches/hub-cache.js";
import { namedModelPath } from "../../src/caches/own-models.js";
import { pruneStore } from "../../src/store/prune-store.js";
import { recordModel } from "../../src/store/record-model.js";
import { removeModel } from "../../src/store/remove-model.js";
import { resolveModel } from "../../src/store/resolve-model.js";
import { readStamps } from "../../src/store/stamps.js";
import {
  COMMIT,
  cacheFile,
  errorOf,
  gguf,
  noise,
  sha256,
  temporaryFolder,
  temporaryStore,
  tree,
  weights,
  write,
} from "./store-fixture.js";

/** Mounts a small file system, where this user may. */
function mount(size: string): string | null {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return null;
  const folder = temporaryFolder();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder], { stdio: "ignore" });
    return folder;
  } catch {
    return null;
  }
}

const canMount = (() => {
  const folder = mount("64k");
  if (folder !== null) execFileSync("umount", [folder]);
  return folder !== null;
})();

describe.skipIf(!canMount)("on file systems of their own (needs the right to mount)", () => {
  let disk = "";

  /** Runs `work` with a store on its own disk. */
  async function onDisk(size: string, work: (environment: ReturnType<typeof temporaryStore>) => Promise<void>) {
    disk = mount(size) ?? "";
    try {
      await work(temporaryStore(disk));
    } finally {
      execFileSync("mount", ["-o", "remount,rw", disk]);
      execFileSync("umount", [disk]);
    }
  }

  test("a disk that is known to be too small is refused before anything is written", async () => {
    const from = temporaryStore();
    cacheFile(from, { bytes: noise(6_000_000) });
    const output = path.join(temporaryFolder(), "model.nanoagent");
    await exportModel("org/tiny-GGUF", from, { output });
    const model = write(path.join(temporaryFolder(), "big.gguf"), gguf());
    await onDisk("5m", async (to) => {
      // 6,000,000 bytes are 5.8 MB of 2^20 bytes, rounded up.
      expect(await errorOf(importModel(output, to))).toMatchObject({
        code: "disk-too-small",
        reason: `It needs 5.8 MB, and 16 MB stay free. The disk of ${to.hubCache} has 5 MB.`,
      });
      expect(await errorOf(importModel(model, to))).toMatchObject({ code: "disk-too-small" });
      const small = path.join(disk, "x.nanoagent");
      expect(await errorOf(exportModel("org/tiny-GGUF", from, { output: small }))).toMatchObject({
        code: "disk-too-small",
      });
      expect(tree(disk)).toEqual([]);
    });
  });

  test("a disk that fills up meanwhile leaves nothing behind", async () => {
    const from = temporaryStore();
    cacheFile(from, { bytes: noise(8_000_000) });
    const output = path.join(temporaryFolder(), "model.nanoagent");
    await exportModel("org/tiny-GGUF", from, { output });
    await onDisk("40m", async (to) => {
      const fill = () => {
        const { bavail, bsize } = statfsSync(disk);
        if (bavail * bsize > 1_000_000) write(path.join(disk, "filler"), Buffer.alloc(bavail * bsize - 500_000));
      };
      const full = { code: "store-unusable", reason: "The disk is full (ENOSPC)." };
      expect(await errorOf(importModel(output, to, { onProgress: fill }))).toMatchObject(full);
      expect(tree(disk)).toEqual(["filler"]);
      execFileSync("rm", [path.join(disk, "filler")]);
      const target = path.join(disk, "x.nanoagent");
      expect(await errorOf(exportModel("org/tiny-GGUF", from, { output: target, onProgress: fill }))).toMatchObject(
        full,
      );
      expect(tree(disk)).toEqual(["filler"]);
    });
  });

  test("a read-only store can be used, and every change is an error that says so", async () => {
    const bundle = path.join(temporaryFolder(), "model.nanoagent");
    const from = temporaryStore();
    cacheFile(from, { repository: "org/other" });
    await exportModel("org/other", from, { output: bundle });
    const plain = write(path.join(temporaryFolder(), "plain.gguf"), gguf());
    await onDisk("40m", async (store) => {
      const { snapshot, blob } = cacheFile(store);
      write(namedModelPath(store, "mine"), weights());
      await resolveModel("mine", store);
      const facts = { name: "x", repository: "org/tiny-GGUF", revision: COMMIT, quantization: null, license: null };
      const hashed = [{ path: snapshot, sha256: sha256(weights()) }];
      await recordModel(store, { ...facts, source: "huggingface", own: true, files: hashed });
      write(`${blob}.nanoagent-part`, "x");
      const stamps = readFileSync(store.stampsFile, "utf8");
      execFileSync("mount", ["-o", "remount,ro", disk]);

      expect((await resolveModel("org/tiny-GGUF", store)).verified).toBe(true);
      expect((await resolveModel("mine", store)).verified).toBe(true);
      const readOnly = { code: "store-unusable", reason: "The file system is read-only (EROFS)." };
      expect(await errorOf(importModel(bundle, store))).toMatchObject(readOnly);
      expect(await errorOf(importModel(plain, store))).toMatchObject(readOnly);
      expect(await errorOf(removeModel("org/tiny-GGUF", store))).toMatchObject(readOnly);
      expect(await errorOf(removeModel("mine", store))).toMatchObject(readOnly);
      const later = { all: true, now: Date.now() + 10 * 86_400_000 };
      expect(await errorOf(pruneStore(store, later))).toMatchObject(readOnly);
      const place = { repository: "org/new", commit: COMMIT, reference: "main", path: "a/b.gguf" };
      const unplaced = blobPath(store, "org/new", { sha256: sha256(weights()), gitSha1: null });
      expect(await errorOf(placeSnapshot(store, { ...place, blob: unplaced }))).toMatchObject(readOnly);
      expect(readFileSync(store.stampsFile, "utf8")).toBe(stamps);

      execFileSync("mount", ["-o", "remount,rw", disk]);
      execFileSync("rm", [store.stampsFile]);
      execFileSync("mount", ["-o", "remount,ro", disk]);
      const notices: string[] = [];
      const model = await resolveModel("mine", store, { onNotice: (notice) => notices.push(notice) });
      expect(model.verified).toBe(true);
      expect(notices).toEqual([expect.stringContaining("models.json cannot be written (EROFS)")]);
      // An export needs no record.
      const output = path.join(temporaryFolder(), "mine.nanoagent");
      expect((await exportModel("mine", store, { output })).manifest.files[0]?.sha256).toBe(sha256(weights()));
      expect((await readStamps(store)).stamps).toEqual([]);
    });
  });
});
