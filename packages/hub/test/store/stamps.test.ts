import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ModelStamp } from "../../src/store/model-stamp.js";
import { readStamps, updateStamps, withStamp } from "../../src/store/stamps.js";
import { temporaryStore, write } from "./store-fixture.js";

function stamp(name: string): ModelStamp {
  return {
    name,
    path: `/models/${name}.gguf`,
    bytes: 5,
    mtime_ms: 1.5,
    sha256: "a".repeat(64),
    source: "import",
    repository: null,
    revision: null,
    quantization: null,
    license: "mit",
    verified_at: "2026-11-29T00:00:00.000Z",
    own: true,
  };
}

const names = async (environment: { stampsFile: string }) =>
  (await readStamps(environment)).stamps.map(({ name }) => name).sort();

test("stamps are read as they were written, by their owner alone", async () => {
  const environment = temporaryStore();
  expect(await readStamps(environment)).toEqual({ stamps: [], notices: [] });
  const split: ModelStamp = {
    ...stamp("two"),
    parts: [stamp("two"), stamp("three")].map(fileOnly),
    license_files: ["/l"],
  };
  expect(await updateStamps(environment, () => [stamp("one"), split])).toEqual({ notices: [] });
  expect((await readStamps(environment)).stamps).toEqual([stamp("one"), split]);
  if (process.platform !== "win32") {
    expect(statSync(environment.stampsFile).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(environment.stampsFile)).mode & 0o777).toBe(0o700);
  }
});

function fileOnly({ path, bytes, mtime_ms, sha256 }: ModelStamp) {
  return { path, bytes, mtime_ms, sha256 };
}

test("writers at the same time lose nothing", async () => {
  const environment = temporaryStore();
  const all = Array.from({ length: 25 }, (_, index) => `m${index}`);
  await Promise.all(all.map((name) => updateStamps(environment, (stamps) => withStamp(stamps, stamp(name)))));
  expect(await names(environment)).toEqual([...all].sort());
  expect(existsSync(`${environment.stampsFile}.lock`)).toBe(false);
});

test("two processes that write at the same time lose nothing", async () => {
  const environment = temporaryStore();
  const program = path.join(path.dirname(fileURLToPath(import.meta.url)), "write-stamps.mjs");
  const run = (prefix: string) =>
    new Promise<number | null>((resolve) => {
      const child = spawn(process.execPath, [program, environment.stampsFile, prefix], { stdio: "inherit" });
      child.on("exit", resolve);
    });
  expect(await Promise.all([run("a"), run("b")])).toEqual([0, 0]);
  expect(await names(environment)).toHaveLength(40);
});

test.each([
  ["text that is not JSON", "{"],
  ["another value", "[]"],
  ["null", "null"],
  ["more than 4 MB", " ".repeat(4_194_305)],
])("%s is set aside with a notice and never lost", async (_, text) => {
  const environment = temporaryStore();
  write(environment.stampsFile, text);
  const { stamps, notices } = await readStamps(environment);
  expect(stamps).toEqual([]);
  expect(notices).toHaveLength(1);
  const update = await updateStamps(environment, (stamps) => [...stamps, stamp("new")]);
  expect(update.notices[0]).toContain("models.json.damaged");
  expect(readFileSync(`${environment.stampsFile}.damaged`, "utf8")).toBe(text);
  expect(await names(environment)).toEqual(["new"]);
});

test("a file of a newer format is ignored and never changed", async () => {
  const environment = temporaryStore();
  const text = '{"format":2,"models":[],"more":1}';
  write(environment.stampsFile, text);
  const read = await readStamps(environment);
  expect(read).toEqual({ stamps: [], notices: [expect.stringContaining("newer nanoagent")] });
  const { notices } = await updateStamps(environment, (stamps) => [...stamps, stamp("new")]);
  expect(notices).toEqual([
    `A newer nanoagent wrote ${environment.stampsFile}. It was not changed, and nothing was recorded.`,
  ]);
  expect(readFileSync(environment.stampsFile, "utf8")).toBe(text);
  expect(readdirSync(path.dirname(environment.stampsFile))).toEqual(["models.json"]);
});

test("copies of damaged files are numbered, a few of them, and none replaces another", async () => {
  const environment = temporaryStore();
  const notices: string[] = [];
  for (let damage = 1; damage <= 6; damage += 1) {
    write(environment.stampsFile, `damage ${damage}`);
    notices.push(...(await updateStamps(environment, () => [stamp("new")])).notices);
    expect(await names(environment)).toEqual(["new"]);
  }
  const copies = ["", "-2", "-3", "-4"].map((number) =>
    readFileSync(`${environment.stampsFile}.damaged${number}`, "utf8"),
  );
  expect(copies).toEqual(["damage 1", "damage 2", "damage 3", "damage 4"]);
  expect(notices[1]).toMatch(/It was kept as .*models\.json\.damaged-2\.$/);
  expect(notices[5]).toContain("It was replaced");
  expect(readdirSync(path.dirname(environment.stampsFile))).toHaveLength(5);
});

test("damaged entries are left out, the others stay", async () => {
  const environment = temporaryStore();
  const models = [stamp("good"), { ...stamp("bad"), sha256: "short" }, null, { ...stamp("bad"), parts: [{}] }, 5];
  write(environment.stampsFile, JSON.stringify({ format: 1, models }));
  const { stamps, notices } = await readStamps(environment);
  expect(stamps).toEqual([stamp("good")]);
  expect(notices[0]).toContain("4 damaged entries");
  await updateStamps(environment, (stamps) => stamps);
  expect(readFileSync(`${environment.stampsFile}.damaged`, "utf8")).toContain("short");
});

test("any JSON gives stamps with all fields, or none", async () => {
  const environment = temporaryStore();
  const value = fc.oneof(fc.jsonValue(), fc.record({ format: fc.constant(1), models: fc.array(fc.jsonValue()) }));
  await fc.assert(
    fc.asyncProperty(value, async (data) => {
      write(environment.stampsFile, JSON.stringify(data));
      for (const { path, bytes } of (await readStamps(environment)).stamps) {
        expect(typeof path).toBe("string");
        expect(Number.isSafeInteger(bytes)).toBe(true);
      }
    }),
    { numRuns: 100 },
  );
});

test("a lock of a killed process delays the next write by seconds, and not forever", async () => {
  const environment = temporaryStore();
  write(`${environment.stampsFile}.lock`, "");
  // The clock of the process that was killed may have been wrong.
  utimesSync(`${environment.stampsFile}.lock`, new Date(), new Date(Date.now() + 3_600_000));
  const results = await Promise.all(
    ["a", "b", "c"].map((name) => updateStamps(environment, (stamps) => withStamp(stamps, stamp(name)))),
  );
  expect(results).toEqual([{ notices: [] }, { notices: [] }, { notices: [] }]);
  expect(await names(environment)).toEqual(["a", "b", "c"]);
});

test("a folder in the place of the lock is replaced", async () => {
  const environment = temporaryStore();
  mkdirSync(`${environment.stampsFile}.lock`, { recursive: true });
  expect(await updateStamps(environment, () => [stamp("one")])).toEqual({ notices: [] });
});

test("a state folder that cannot be written gives a notice", async () => {
  const environment = temporaryStore();
  writeFileSync(path.join(environment.home, "file"), "");
  const blocked = { stampsFile: path.join(environment.home, "file", "nanoagent", "models.json") };
  const { notices } = await updateStamps(blocked, () => [stamp("one")]);
  expect(notices[0]).toContain("will be hashed again");
  expect(await readStamps(blocked)).toMatchObject({ stamps: [] });
});

test.skipIf(process.platform === "win32" || process.getuid?.() === 0)(
  "a read-only state folder can be read",
  async () => {
    const environment = temporaryStore();
    await updateStamps(environment, () => [stamp("one")]);
    chmodSync(path.dirname(environment.stampsFile), 0o500);
    expect((await updateStamps(environment, () => [])).notices).toHaveLength(1);
    expect(await names(environment)).toEqual(["one"]);
    chmodSync(path.dirname(environment.stampsFile), 0o700);
  },
);
