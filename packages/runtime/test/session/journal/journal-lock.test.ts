import { mkdir, mkdtemp, readdir, rename, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { Journal } from "../../../src/session/journal/journal.js";
import { lockFolder } from "../../../src/session/journal/journal-lock.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { turn } from "./sample-turns.js";

test("only the folder itself is locked, under every name", async () => {
  const folder = await temporaryFolder();
  const one = path.join(folder, "one");
  await mkdir(one);
  await mkdir(path.join(folder, "two"));
  await symlink(one, path.join(folder, "alias"));
  const lock = await lockFolder(one, "greenhouse");
  await expect(lockFolder(path.join(folder, "alias"), "barn")).rejects.toMatchObject({
    code: "session-in-use",
    reason: expect.stringMatching(/^greenhouse \(process \d+ on .+\) uses it\./),
  });
  await (await lockFolder(path.join(folder, "two"), "barn")).release();
  expect(await lock.isHeld()).toBe(true);
  await lock.release();
  expect(await readdir(one)).toEqual([]);
  await (await lockFolder(path.join(folder, "alias"), "barn")).release();
});

test("after a folder was removed and created again, its first owner writes nothing more", async () => {
  const folder = await mkdtemp(path.join(await temporaryFolder(), "s-"));
  const first = await Journal.open(folder);
  await first.appendTurn(turn("one"));
  await rm(folder, { recursive: true });
  await mkdir(folder);
  await expect(first.appendTurn(turn("two"))).rejects.toMatchObject({
    code: "session-not-saved",
    reason: expect.stringContaining("removed or replaced"),
  });
  const second = await Journal.open(folder);
  await second.appendTurn(turn("three"));
  await expect(first.appendTurn(turn("four"))).rejects.toMatchObject({ code: "session-not-saved" });
  await first.close();
  await expect(Journal.open(folder)).rejects.toMatchObject({ code: "session-in-use" });
  await second.close();
});

test("a folder that is moved while it is open gets no writes under its old name", async () => {
  const folder = path.join(await temporaryFolder(), "s");
  const first = await Journal.open(folder);
  await rename(folder, `${folder}-old`);
  await expect(first.appendTurn(turn("lost?"))).rejects.toMatchObject({ code: "session-not-saved" });
  await first.close();
});
