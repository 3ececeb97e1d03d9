import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { measureStorage } from "../../src/measure/measure-storage.js";

const MIB = 2 ** 20;
const TMPFS = 0x01021994;
const isLinux = process.platform === "linux";

// Beside the tests, because the temporary folder is often in memory.
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(import.meta.dirname, ".storage-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!isLinux)("measureStorage", () => {
  it("writes and reads a file in a folder, and leaves nothing behind", async () => {
    const { rate, notice } = await measureStorage(folder, { seconds: 0.2 });
    expect(readdirSync(folder)).toEqual([]);
    expectMeasuredOrSaid(rate, notice, /a test file of \d+ MB in \//);
  });

  it("reads a file in place", async () => {
    const file = path.join(folder, "model.gguf");
    writeFileSync(file, Buffer.alloc(9 * MIB, "model"));
    const { rate, notice } = await measureStorage(file, { seconds: 0.2 });
    expect(readdirSync(folder)).toEqual(["model.gguf"]);
    expectMeasuredOrSaid(rate, notice, /model\.gguf\.$/);
  });

  it("reports a file that is too small", async () => {
    const file = path.join(folder, "small");
    writeFileSync(file, "small");
    const { rate, notice } = await measureStorage(file, { seconds: 0.2 });
    expect(rate).toBeNull();
    expect(notice).toMatch(/^Storage was not measured: .*(is smaller than 8 MB|cannot bypass the cache)\.$/);
  });

  it("does not wait for a pipe or read a device", async () => {
    const pipe = path.join(folder, "pipe");
    spawnSync("mkfifo", [pipe]);
    for (const target of [pipe, "/dev/zero"]) {
      const { rate, notice } = await measureStorage(target, { seconds: 0.2 });
      expect(rate).toBeNull();
      expect(notice).toContain("Storage was not measured");
    }
  });

  it("reports a missing path", async () => {
    expect(await measureStorage(path.join(folder, "absent"), { seconds: 0.2 })).toEqual({
      rate: null,
      notice: `Storage was not measured: ${folder}/absent cannot be used (ENOENT).`,
    });
  });

  it.skipIf(!isLinux || !isTmpfs("/dev/shm"))("does not measure a file system in memory", async () => {
    expect(await measureStorage("/dev/shm", { seconds: 0.2 })).toEqual({
      rate: null,
      notice: "Storage was not measured: /dev/shm is in memory (tmpfs).",
    });
  });

  it.each([0, 5, 30, 100])("ends when aborted after %d ms, and leaves nothing behind", async (milliseconds) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    setTimeout(() => controller.abort(reason), milliseconds);
    const { signal } = controller;
    await measureStorage(folder, { seconds: 20, signal }).then(
      // Only if there is nothing to abort.
      ({ rate }) => expect(rate).toBeNull(),
      (error) => expect(error).toBe(reason),
    );
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe.skipIf(!isLinux)("a program that is killed while it measures", () => {
  it("leaves no file behind", async () => {
    const program = path.join(import.meta.dirname, "../../dist/index.js");
    const script = `
      const { measureDevice } = await import(${JSON.stringify(program)});
      process.stdout.write("begun");
      await measureDevice({ seconds: 1, storagePath: ${JSON.stringify(folder)},
        onProgress: ({ step }) => { if (step === "storage") setTimeout(() => process.kill(process.pid, "SIGKILL"), 60); } });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script]);
    const [, signal] = await once(child, "close");
    expect(signal).toBe("SIGKILL");
    expect(readdirSync(folder)).toEqual([]);
  });
});

function expectMeasuredOrSaid(
  rate: { per_second: number; spread: number } | null,
  notice: string,
  measured: RegExp,
): void {
  if (rate === null) {
    expect(notice).toMatch(/through the cache only|lies in memory/);
    return;
  }
  expect(rate.per_second).toBeGreaterThan(0);
  expect(rate.spread).toBeLessThan(1);
  expect(notice).toMatch(/^Storage was read without the cache: /);
  expect(notice).toMatch(measured);
}

function isTmpfs(target: string): boolean {
  try {
    return isLinux && statfsSync(target).type === TMPFS;
  } catch {
    return false;
  }
}
