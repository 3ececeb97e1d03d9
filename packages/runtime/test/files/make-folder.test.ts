import { stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { makeFolder } from "@nanoagent/runtime/program";
import { expect, test } from "vitest";
import { temporaryFolder } from "../temporary-folder.js";

test("makes a folder and those above it, and says which was the first", async () => {
  const folder = await temporaryFolder();
  const wanted = path.join(folder, "a/b/c");
  expect(await makeFolder(wanted, 0o700)).toBe(path.join(folder, "a"));
  expect((await stat(wanted)).mode & 0o777).toBe(0o700);
  expect(await makeFolder(wanted)).toBeNull();
  expect(await makeFolder(path.join(wanted, "d"))).toBe(path.join(wanted, "d"));
});

test("several may make the same one at once", async () => {
  const folder = await temporaryFolder();
  const made = await Promise.all(Array.from({ length: 8 }, () => makeFolder(path.join(folder, "a/b/c"))));
  expect(made).toHaveLength(8);
});

test("a file in its place is an error", async () => {
  const file = path.join(await temporaryFolder(), "file");
  await writeFile(file, "");
  await expect(makeFolder(file)).rejects.toMatchObject({ code: "EEXIST" });
  await expect(makeFolder(path.join(file, "a"))).rejects.toMatchObject({ code: "ENOTDIR" });
});

test.runIf(process.platform === "linux")("where the kernel lets none be made, it ends at once", async () => {
  await expect(makeFolder("/proc/nanoagent/a/b")).rejects.toMatchObject({ code: "ENOENT" });
});
