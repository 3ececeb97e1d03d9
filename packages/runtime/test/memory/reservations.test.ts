import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { SocketClaim } from "../../src/claims/socket-claim.js";
import { toCheckedJson } from "../../src/files/checked-json.js";
import { Reservations } from "../../src/memory/reservations.js";
import { ownIdentity } from "../../src/processes/process-identity.js";
import { temporaryFolder } from "../temporary-folder.js";

const nothingTaken = async () => 0;
const reservation = (more: object = {}) => toCheckedJson({ ...ownIdentity(), engine: null, bytes: 500, ...more });
const hold = (bytes: number, engine: number | null = null, limit: string | null = null) => ({ bytes, engine, limit });
const outstanding = async (folder?: string) =>
  (await new Reservations(folder).outstanding(null, nothingTaken)).onMachine;

test("two agents see each other's reservation, less the memory already used", async () => {
  const folder = await temporaryFolder();
  const [one, other] = [new Reservations(folder), new Reservations(folder)];
  const seen = async (by: Reservations, taken: (processId: number) => number = () => 0) =>
    (await by.outstanding(null, async (processId) => taken(processId))).onMachine;
  await one.hold(hold(300));
  expect(await seen(one)).toBe(0);
  expect(await seen(other)).toBe(300);
  await one.hold(hold(300, 4711));
  expect(await seen(other, (processId) => (processId === 4711 ? 120 : 0))).toBe(180);
  expect(await seen(other, () => 1000)).toBe(0);
  await one.release();
  expect(await seen(other)).toBe(0);
  expect(await readdir(folder)).toEqual([]);
});

test("a release is not undone by a pending hold", async () => {
  const folder = await temporaryFolder();
  for (let round = 0; round < 20; round++) {
    const one = new Reservations(folder);
    await Promise.all([one.hold(hold(300)), one.hold(hold(400, 4711)), one.release()]);
    expect(await readdir(folder)).toEqual([]);
  }
});

test.each([
  ["no limit", null, 1111],
  ["a group", "cgroup v2 /a", 1100],
  ["a nested group", "cgroup v2 /a/b", 1000],
  ["another group", "cgroup v2 /c", 0],
  ["a throttled group", "cgroup v2 /a (memory.high)", 1100],
  ["the root of a container", "cgroup v2 /", 1110],
  ["a limit above the container", "cgroup v2, above /", 1110],
])("under %s, reservations within the same limit are counted separately", async (_, limit, withinLimit) => {
  const folder = await temporaryFolder();
  const limits = [null, "cgroup v2 /ab", "cgroup v2 /a", "cgroup v2 /a/b"];
  for (const [index, theirs] of limits.entries()) await new Reservations(folder).hold(hold(10 ** index, null, theirs));
  expect(await new Reservations(folder).outstanding(limit, nothingTaken)).toEqual({ onMachine: 1111, withinLimit });
});

test.each<[string, () => string | Promise<string>]>([
  [
    "of a process that has ended",
    async () => {
      const child = spawn(process.execPath, ["--eval", ""]);
      await once(child, "close");
      return reservation({ pid: child.pid });
    },
  ],
  ["of a process whose number was reused", () => reservation({ started: "1" })],
  ["from before the system's start", () => reservation({ boot_id: "another" })],
  ["of a container that has ended", () => reservation({ pid_namespace: "pid:[1]" })],
  ["with a flipped bit", () => reservation().replace("500", "508")],
  ["that is truncated", () => reservation().slice(0, -1)],
  ["without a checksum", () => JSON.stringify({ ...ownIdentity(), engine: null, bytes: 500 })],
  ["with an invalid engine", () => reservation({ engine: "x" })],
  ["above the size limit", () => reservation({ more: "x".repeat(2000) })],
])("a reservation %s is ignored and removed", async (_, content) => {
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, "17-00ab.json"), await content(), { mode: 0o600 });
  await writeFile(path.join(folder, "somebody-elses.txt"), "");
  expect(await outstanding(folder)).toBe(0);
  expect(await readdir(folder)).toEqual(["somebody-elses.txt"]);
});

test("a reservation of a running container counts completely", async () => {
  const folder = await temporaryFolder();
  const claim = await SocketClaim.make(path.join(folder, "17-00ab.socket"), "x");
  const content = reservation({ pid_namespace: "pid:[1]", engine: process.pid });
  await writeFile(path.join(folder, "17-00ab.json"), content, { mode: 0o600 });
  expect(await new Reservations(folder).outstanding(null, async () => 500)).toMatchObject({ onMachine: 500 });
  await claim.release();
  expect(await outstanding(folder)).toBe(0);
});

test("a read-only folder is not an error", async () => {
  const folder = path.join(await temporaryFolder(), "file");
  await writeFile(folder, "");
  const reservations = new Reservations(path.join(folder, "inside"));
  await reservations.hold(hold(1));
  expect(await reservations.outstanding(null, nothingTaken)).toEqual({ onMachine: 0, withinLimit: 0 });
  await reservations.release();
});

describe.skipIf(process.getuid?.() !== 0)("entries of other users in the temporary folder", () => {
  const nobody = 65534;
  afterEach(() => vi.unstubAllEnvs());

  /** Creates the reservation folders below a new temporary folder, and replaces one of them with `plant`. */
  async function plantIn(level: number, plant: (folder: string) => Promise<unknown>): Promise<string> {
    const base = await temporaryFolder();
    vi.stubEnv("TMPDIR", base);
    vi.stubEnv("XDG_RUNTIME_DIR", level % 2 === 0 ? "" : path.join(base, "nowhere"));
    const names = [`nanoagent-${process.getuid?.()}`, "nanoagent", "reservations"];
    let folder = base;
    for (const [index, name] of names.entries()) {
      folder = path.join(folder, name);
      if (index === level) await plant(folder);
      else if (level > index || (await readdir(path.dirname(folder)).catch(() => null)) !== null)
        await mkdir(folder, { mode: 0o700 }).catch(() => {});
    }
    return folder;
  }

  const plants: Record<string, (folder: string) => Promise<unknown>> = {
    "another user's folder": async (folder) => {
      await mkdir(folder);
      await chown(folder, nobody, nobody);
    },
    "a folder that all can write to": async (folder) => {
      await mkdir(folder);
      await chmod(folder, 0o777);
    },
    "a link to another user's folder": async (folder) => {
      const other = await temporaryFolder();
      await chown(other, nobody, nobody);
      await symlink(other, folder);
    },
    "a link to a folder of this user": async (folder) => symlink(await temporaryFolder(), folder),
    "a file": (folder) => writeFile(folder, ""),
    "a dangling link": (folder) => symlink("/nowhere", folder),
  };

  test.each(Object.keys(plants).flatMap((kind) => [0, 1, 2].map((level) => [kind, level] as const)))(
    "%s instead of folder %i is neither read nor written",
    async (kind, level) => {
      const folder = await plantIn(level, plants[kind] as never);
      const planted = path.join(folder, "1-00ab.json");
      await writeFile(planted, reservation()).catch(() => {});
      const before = await readdir(folder).catch(() => []);
      const own = new Reservations();
      expect(await own.outstanding(null, nothingTaken)).toEqual({ onMachine: 0, withinLimit: 0 });
      await own.hold(hold(1000));
      expect(await readdir(folder).catch(() => [])).toEqual(before);
      await own.release();
    },
  );

  test.each(["a link", "another user's file", "a pipe", "a folder"])(
    "%s with the name of a reservation is ignored, and not followed",
    async (kind) => {
      const folder = await temporaryFolder();
      const precious = path.join(await temporaryFolder(), "precious");
      await writeFile(precious, reservation(), { mode: 0o600 });
      const file = path.join(folder, "1-00ab.json");
      if (kind === "a link") await symlink(precious, file);
      else if (kind === "a folder") await mkdir(file);
      else if (kind === "a pipe") spawnSync("mkfifo", [file]);
      else {
        await writeFile(file, reservation());
        await chown(file, nobody, nobody);
      }
      expect(await outstanding(folder)).toBe(0);
      expect(await readFile(precious, "utf8")).toBe(reservation());
    },
  );
});
