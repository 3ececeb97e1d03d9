import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { learnedGone, NOTHING_LEARNED } from "../../src/catalogue/learned.js";
import { learnedFile, readLearned, rememberLearned } from "../../src/catalogue/learned-file.js";

const now = new Date("2026-11-29T12:00:00Z");

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "learned-"));
  file = learnedFile({ stampsFile: path.join(folder, "nanoagent", "models.json") });
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function write(text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
}

describe("the file of learned facts", () => {
  test("is beside the stamps, and missing at first", async () => {
    expect(file).toBe(path.join(folder, "nanoagent", "catalogue.json"));
    expect(await readLearned(file)).toEqual({ facts: NOTHING_LEARNED, notice: null, isNewer: false });
  });

  test("returns what was remembered, and leaves no other file", async () => {
    const [one, other] = [learnedGone("org/one", now), learnedGone("org/other", now)];
    const files = [{ file: "a.gguf", quantization: "Q8_0", bytes: 5, sha256: "ab".repeat(32) }];
    await rememberLearned(file, one);
    await rememberLearned(file, { ...other, is_gone: false, license: "mit", files });
    expect(await readLearned(file)).toEqual({
      facts: { format: 1, repositories: [one, { ...other, is_gone: false, license: "mit", files }] },
      notice: null,
      isNewer: false,
    });
    expect(await readdir(path.dirname(file))).toEqual(["catalogue.json"]);
  });

  test.each([
    ["text", "not json"],
    ["a list", "[]"],
    ["another format", '{"format":0,"repositories":[]}'],
    ["nothing", ""],
  ])("is ignored with a notice if it contains %s, and replaced by the next download", async (_, text) => {
    await write(text);
    const { facts, notice } = await readLearned(file);
    expect(facts).toEqual(NOTHING_LEARNED);
    expect(notice).toContain(file);
    await rememberLearned(file, learnedGone("org/one", now));
    expect((await readLearned(file)).facts.repositories).toHaveLength(1);
  });

  test("is ignored if it is far too large, or a folder", async () => {
    await write("{");
    await truncate(file, 2 ** 33);
    expect((await readLearned(file)).notice).toContain(file);
    await rm(file);
    await mkdir(file);
    expect((await readLearned(file)).notice).toContain(file);
  });

  test("cannot be written below a file: an error that names it", async () => {
    await writeFile(path.join(folder, "nanoagent"), "");
    await expect(rememberLearned(file, learnedGone("org/one", now))).rejects.toMatchObject({
      code: "store-unusable",
      message: expect.stringContaining("could not be saved"),
    });
  });

  test("keeps the entries that are sound", async () => {
    const sound = learnedGone("org/sound", now);
    const unsound = [
      { ...sound, repository: "bad\u0007name" },
      { ...sound, is_gone: "yes" },
      { ...sound, license: 5 },
      { ...sound, files: "none" },
      null,
    ];
    const files = [
      { file: "a.gguf", quantization: "Q8_0", bytes: -5, sha256: null },
      { file: "b.gguf", quantization: "Q8_0", bytes: 5, sha256: "short" },
      { file: "c.gguf", quantization: "Q8_0", bytes: null, sha256: null },
    ];
    await write(JSON.stringify({ format: 1, repositories: [...unsound, { ...sound, files }] }));
    const { facts } = await readLearned(file);
    expect(facts.repositories).toEqual([{ ...sound, files: [files[2]] }]);
  });

  test("never fails to be read, whatever it contains", async () => {
    const value = fc.oneof(
      fc.json(),
      fc.string(),
      fc.jsonValue().map((any) => JSON.stringify({ format: 1, repositories: [any] })),
    );
    await fc.assert(
      fc.asyncProperty(value, async (text) => {
        await write(text);
        const { facts } = await readLearned(file);
        expect(facts.format).toBe(1);
        expect(await readFile(file, "utf8")).toBe(text);
      }),
      { numRuns: 60 },
    );
  });
});
