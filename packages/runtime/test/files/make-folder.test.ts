import { stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { makeFolder } from "@nanoagent/runtime/program";
import { expect, test } from "vitest";
import { temporaryFolder } from "../temporary-folder.js";

test("creates a folder and its parents, and returns the topmost new one", async () => {
  const folder = await temporaryFolder();
  const wanted = path.join(folder, "a/b/c");
  expect(await makeFolder(wanted, 0o700)).toBe(path.join(folder, "a"));
  expect((await stat(wanted)).mode & 0o777).toBe(0o700);
  expect(await makeFolder(wanted)).toBeNull();
  expect(await makeFolder(path.join(wanted, "d"))).toBe(path.join(wanted, "d"));
});

test("concurrent calls can create the same folder", async () => {
  const folder = await temporaryFolder();
  const made = await Promise.all(Array.from({ length: 8 }, () => makeFolder(path.join(folder, "a/b/c"))));
  expect(made).toHaveLength(8);
});

test("a file with its name is an error", async () => {
  const file = path.join(await temporaryFolder(), "file");
  await writeFile(file, "");
  await expect(makeFolder(file)).rejects.toMatchObject({ code: "EEXIST" });
  await expect(makeFolder(path.join(file, "a"))).rejects.toMatchObject({ code: "ENOTDIR" });
});

test.runIf(process.platform === "linux")("fails immediately if the kernel rejects it", async () => {
  await expect(makeFolder("/proc/nanoagent/a/b")).rejects.toMatchObject({ code: "ENOENT" });
});
