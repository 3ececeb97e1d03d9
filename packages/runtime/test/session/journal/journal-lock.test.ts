import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { lockByFile, lockFolder } from "../../../src/session/journal/journal-lock.js";
import { temporaryFolder } from "../../temporary-folder.js";

test("a folder is locked whatever it is called, and others are not", async () => {
  const folder = await temporaryFolder();
  await mkdir(path.join(folder, "one"));
  await mkdir(path.join(folder, "two"));
  await symlink(path.join(folder, "one"), path.join(folder, "alias"));
  const release = await lockFolder(path.join(folder, "one"));
  await expect(lockFolder(path.join(folder, "alias"))).rejects.toMatchObject({ code: "session-in-use" });
  await (await lockFolder(path.join(folder, "two")))();
  await release();
  await (await lockFolder(path.join(folder, "alias")))();
});

test.skipIf(process.platform !== "linux")("on Linux nothing is left in the folder", async () => {
  const folder = await temporaryFolder();
  const release = await lockFolder(folder);
  expect(await readdir(folder)).toEqual([]);
  await release();
});

test.skipIf(process.platform !== "linux")("on Linux the name is the same one for every version of Node", async () => {
  const folder = await temporaryFolder();
  const before = await readFile("/proc/net/unix", "utf8");
  const release = await lockFolder(folder);
  const names = (text: string): string[] => text.match(/@nanoagent-session-[0-9a-f]+@*/g) ?? [];
  const added = names(await readFile("/proc/net/unix", "utf8")).filter((name) => !names(before).includes(name));
  // Other tests may lock folders of theirs at the same time.
  expect(added.length).toBeGreaterThanOrEqual(1);
  for (const name of added) expect(name).toMatch(/^@nanoagent-session-[0-9a-f]{89}$/);
  await release();
});

describe("where the system has no names that free themselves, a file", () => {
  test("is held until it is released", async () => {
    const folder = await temporaryFolder();
    const file = path.join(folder, "lock");
    const release = await lockByFile(file, folder);
    expect(await readFile(file, "utf8")).toBe(String(process.pid));
    await expect(lockByFile(file, folder)).rejects.toMatchObject({ code: "session-in-use" });
    await release();
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([
    ["of a program that is gone", () => String(spawnSync(process.execPath, ["-e", "0"]).pid)],
    ["with nothing in it", () => ""],
    ["with nonsense in it", () => "-1 \u0000"],
  ])("%s is taken over", async (_, content) => {
    const folder = await temporaryFolder();
    const file = path.join(folder, "lock");
    await writeFile(file, content());
    const release = await lockByFile(file, folder);
    expect(await readFile(file, "utf8")).toBe(String(process.pid));
    await release();
  });
});
