import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeFolder } from "../../src/measure/make-folder.js";

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "nanoagent-folder-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test("creates a folder and its missing parents, and accepts an existing one", async () => {
  const folder = path.join(await temporaryFolder(), "a", "b");
  await makeFolder(folder, 0o700);
  await makeFolder(folder, 0o700);
  expect((await stat(folder)).isDirectory()).toBe(true);
});

test("rejects if a file has the same path", async () => {
  const file = path.join(await temporaryFolder(), "file");
  await writeFile(file, "");
  await expect(makeFolder(file, 0o700)).rejects.toMatchObject({ code: "EEXIST" });
  await expect(makeFolder(path.join(file, "a"), 0o700)).rejects.toMatchObject({ code: "ENOTDIR" });
});

test.skipIf(process.platform !== "linux")("rejects if the kernel refuses to create folders", async () => {
  await expect(makeFolder("/proc/nanoagent/a/b", 0o700)).rejects.toMatchObject({ code: "ENOENT" });
});
