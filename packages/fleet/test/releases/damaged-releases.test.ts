import { mkdir, rm, symlink, unlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { readReleases } from "../../src/bundles.js";
import { ScratchDevice } from "./scratch-device.js";

const damages = [
  { what: "is missing", damage: (file: string) => unlink(file) },
  { what: "has 4 bytes instead of 10", damage: (file: string) => writeFile(file, "gone") },
  { what: "has other content than in the bundle", damage: (file: string) => writeFile(file, "#!/bin/bh\n") },
  {
    what: "is not a regular file",
    damage: async (file: string) => {
      await unlink(file);
      await symlink("/etc/passwd", file);
    },
  },
  {
    what: "is not a regular file",
    damage: async (file: string) => {
      await unlink(file);
      await mkdir(file);
    },
  },
  { what: "is missing", damage: (file: string) => rm(path.dirname(file), { recursive: true }) },
];

test.each(damages)("a rollback to a release whose file $what is refused", async ({ what, damage }) => {
  const device = await ScratchDevice.make();
  for (const sequence of [1, 2]) await device.applyNew(sequence);
  await damage(path.join(device.root, "releases/1/tools/say.sh"));
  const result = await device.rollBack();
  expect(result).toMatchObject({ state: "refused", code: "releases-unusable", sequence: 2, current: 2 });
  expect(result.reason).toBe(
    `Release 1, which is the one before, is damaged. Its file "tools/say.sh" ${what}. Create its bundle again with a higher sequence, and apply that.`,
  );
  expect(await device.wholeCurrent()).toBe(2);
  expect(await device.state()).toMatchObject({ sequence: 2, previous: 1, rollback: null, failed: [] });
});

test.each(damages)("a bundle in use whose file $what is not called current", async ({ what, damage }) => {
  const device = await ScratchDevice.make();
  await device.applyNew(1);
  const file = await device.bundle({ sequence: 2 });
  await device.apply(file);
  await damage(path.join(device.root, "current/tools/say.sh"));
  const result = await device.apply(file);
  expect(result).toMatchObject({ state: "refused", code: "releases-unusable", sequence: 2, current: 2 });
  expect(result.reason).toBe(
    `Release 2, which is in use, is damaged. Its file "tools/say.sh" ${what}. Create the bundle again with a higher sequence and apply that, or go back with nanoagent bundle rollback.`,
  );
  expect(await device.rollBack()).toMatchObject({ state: "applied", current: 1 });
});

test("files that tools have written into a release are not damage", async () => {
  const device = await ScratchDevice.make();
  const file = await device.bundle({ sequence: 1 });
  await device.apply(file);
  await writeFile(path.join(device.root, "current/tools/say.log"), "hello");
  expect(await device.apply(file)).toMatchObject({ state: "current", current: 1 });
  await device.applyNew(2);
  expect(await device.rollBack()).toMatchObject({ state: "applied", current: 1 });
});

test("the bundle in use is current also if its record is lost", async () => {
  const device = await ScratchDevice.make();
  const file = await device.bundle({ sequence: 1 });
  await device.apply(file);
  await rm(path.join(device.root, "records/1.json"));
  expect(await device.apply(file)).toMatchObject({ state: "current", current: 1, reason: null });
  const other = await device.bundle({ sequence: 1, files: { "more.txt": "more" } });
  expect(await device.apply(other)).toMatchObject({ state: "refused", code: "bundle-outdated", current: 1 });
  expect((await readReleases(device.root)).highest).toBe(1);
});
