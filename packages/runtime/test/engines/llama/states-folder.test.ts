import { spawnSync } from "node:child_process";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { openStatesFolder, removeLeftStates } from "../../../src/engines/llama/states-folder.js";
import { temporaryFolder } from "../../temporary-folder.js";

test("removes the states of processes that are gone, and nothing else", async () => {
  const caches = await temporaryFolder();
  const all = path.join(caches, "nanoagent", "engine-states");
  const { pid: gone } = spawnSync(process.execPath, ["-e", ""]);
  const random = "0123456789abcdef";
  const own = await openStatesFolder(caches);
  for (const name of [`${gone}-${random}`, `${process.ppid}-${random}`, "notes"]) {
    await mkdir(path.join(all, name));
    await writeFile(path.join(all, name, "1.kv"), "state");
  }
  await removeLeftStates(caches);
  const second = await openStatesFolder(caches);
  expect((await readdir(all)).sort()).toEqual(
    [own, second, `${process.ppid}-${random}`, "notes"].map((name) => path.basename(name ?? "")).sort(),
  );
  expect(own).not.toBe(second);
});

test("creates the cache folder, and refuses one that is a link", async () => {
  const folder = await temporaryFolder();
  expect(await openStatesFolder(path.join(folder, ".cache"))).toMatch(/engine-states/);
  await mkdir(path.join(folder, "other"));
  await mkdir(path.join(folder, "caches"));
  await symlink(path.join(folder, "other"), path.join(folder, "caches", "nanoagent"));
  expect(await openStatesFolder(path.join(folder, "caches"))).toBeNull();
  expect(await openStatesFolder("/proc/nothing/here")).toBeNull();
});
