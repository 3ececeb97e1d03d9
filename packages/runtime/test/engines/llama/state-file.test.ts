import { appendFile, open, readdir, readFile, stat, truncate, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { modelFingerprint, StateFile, type StateOwner } from "../../../src/engines/llama/state-file.js";
import { fromCheckedJson, toCheckedJson } from "../../../src/files/checked-json.js";
import { temporaryFolder } from "../../temporary-folder.js";

const owner: StateOwner = { model: "abc", engine_version: "1.0.0", context_tokens: 512, kv_type: "f16" };
const marks = [{ characters: 5, tokens: 90 }];
const CONTENT = Buffer.from("what native code wrote ".repeat(1000));

async function write(to: string): Promise<number> {
  await writeFile(to, CONTENT);
  return CONTENT.length;
}

async function saved(maxBytes = 2 ** 20) {
  const folder = await temporaryFolder();
  const file = new StateFile(path.join(folder, "sub", "state"));
  const bytes = await file.save({ owner, tokens: 100, text: "hello", marks, maxBytes }, write);
  return { file, bytes, folder: path.join(folder, "sub") };
}

test("a saved state is found by its owner, in a file that only this user can read", async () => {
  const { file, bytes, folder } = await saved();
  expect(bytes).toBe(CONTENT.length);
  const found = (await file.find(owner)) ?? expect.fail("nothing was found");
  expect(found).toMatchObject({ tokens: 100, text: "hello", marks });
  expect(await readFile(found.file)).toEqual(CONTENT);
  for (const name of await readdir(folder)) expect((await stat(path.join(folder, name))).mode & 0o777).toBe(0o600);
  expect((await readdir(folder)).sort()).toEqual(["state.json", "state.kv"]);
});

test.each([100, 256, 4096])("it is found for a context of %s tokens, which is long enough", async (context_tokens) => {
  const { file } = await saved();
  expect(await file.find({ ...owner, context_tokens })).toMatchObject({ tokens: 100 });
  expect(await file.savedLength()).toEqual({ tokens: 100, contextTokens: 512 });
});

describe("nothing is found", () => {
  test.each<[string, Partial<StateOwner>]>([
    ["another model", { model: "def" }],
    ["another version of the engine", { engine_version: "1.0.1" }],
    ["a shorter context", { context_tokens: 99 }],
    ["keys and values of another type", { kv_type: "q8_0" }],
  ])("for %s", async (_, change) => {
    const { file } = await saved();
    expect(await file.find({ ...owner, ...change })).toBeNull();
  });

  test("in a truncated file of any length", async () => {
    const { file, folder } = await saved();
    const data = path.join(folder, "state.kv");
    for (const length of [CONTENT.length - 1, CONTENT.length / 2, 0]) {
      await truncate(data, length);
      expect(await file.find(owner)).toBeNull();
    }
  });

  test("if a byte differs", async () => {
    const { file, folder } = await saved();
    const handle = await open(path.join(folder, "state.kv"), "r+");
    await handle.write("X", 1000);
    await handle.close();
    expect(await file.find(owner)).toBeNull();
  });

  test("if extra bytes follow", async () => {
    const { file, folder } = await saved();
    await appendFile(path.join(folder, "state.kv"), "x");
    expect(await file.find(owner)).toBeNull();
  });

  test.each<[string, unknown]>([
    ["no list", {}],
    ["not numbers", [{ characters: "5", tokens: 1 }]],
    ["after the text", [{ characters: 6, tokens: 1 }]],
    ["after the tokens", [{ characters: 5, tokens: 101 }]],
    [
      "out of order",
      [
        { characters: 5, tokens: 90 },
        { characters: 4, tokens: 91 },
      ],
    ],
  ])("if the marks are %s", async (_, wrong) => {
    const { file, folder } = await saved();
    const description = path.join(folder, "state.json");
    const whole = fromCheckedJson(await readFile(description, "utf8"));
    await writeFile(description, toCheckedJson({ ...whole, marks: wrong }));
    expect(await file.find(owner)).toBeNull();
  });

  test.each(["", "{", "null", "[]", '{"format":2}', '{"format":1,"owner":null}', "\0".repeat(100)])(
    "with the description %j",
    async (text) => {
      const { file, folder } = await saved();
      await writeFile(path.join(folder, "state.json"), text);
      expect(await file.find(owner)).toBeNull();
    },
  );

  test("if there is no state, or it was removed", async () => {
    const { file } = await saved();
    await file.remove();
    expect(await file.find(owner)).toBeNull();
    await file.remove();
  });
});

test("nothing is found with a description that has a flipped bit or is truncated", async () => {
  const { file, folder } = await saved();
  const description = path.join(folder, "state.json");
  const whole = await readFile(description);
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const flipped = Buffer.from(whole);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    await writeFile(description, flipped);
    expect(await file.find(owner)).toBeNull();
  }
  for (let length = 0; length < whole.length; length++) {
    await writeFile(description, whole.subarray(0, length));
    expect(await file.find(owner)).toBeNull();
  }
  await writeFile(description, whole);
  expect(await file.find(owner)).not.toBeNull();
});

test.each([0, 1, 4096, CONTENT.length - 1])(
  "a state of which only %i bytes were written is not kept",
  async (written) => {
    const { file, folder } = await saved();
    const writing = file.save({ owner, tokens: 1, text: "", marks: [], maxBytes: 2 ** 20 }, async (to) => {
      // llama.cpp does not notice that its last bytes were not written.
      await writeFile(to, CONTENT.subarray(0, written));
      return CONTENT.length;
    });
    await expect(writing).rejects.toThrow(`${written} of ${CONTENT.length} bytes`);
    expect((await file.find(owner))?.tokens).toBe(100);
    expect((await readdir(folder)).sort()).toEqual(["state.json", "state.kv"]);
  },
);

test("a state that crashed the process is not tried again; one that did not crash it is", async () => {
  const { file, folder } = await saved();
  await file.try();
  expect(await new StateFile(file.path).find(owner)).toBeNull();
  await file.confirm();
  expect(await new StateFile(file.path).find(owner)).not.toBeNull();
  await file.try();
  await file.save({ owner, tokens: 7, text: "", marks: [], maxBytes: 2 ** 20 }, write);
  await file.confirm();
  expect((await file.find(owner))?.tokens).toBe(7);
  expect((await readdir(folder)).sort()).toEqual(["state.json", "state.kv"]);
});

test("a state that is too large is not kept, and the last one stays", async () => {
  const { file } = await saved();
  expect(await file.save({ owner, tokens: 1, text: "", marks: [], maxBytes: 10 }, write)).toBeNull();
  expect((await file.find(owner))?.tokens).toBe(100);
});

test("a failed write leaves only the last state", async () => {
  const { file, folder } = await saved();
  const writing = file.save({ owner, tokens: 1, text: "", marks: [], maxBytes: 10 }, async (to) => {
    await writeFile(to, "half");
    throw new Error("no space left");
  });
  await expect(writing).rejects.toThrow("no space left");
  expect((await file.find(owner))?.tokens).toBe(100);
  expect((await readdir(folder)).length).toBe(2);
});

describe("the fingerprint of a model", () => {
  async function model(): Promise<string> {
    const file = path.join(await temporaryFolder(), "model");
    await writeFile(file, Buffer.alloc(3 * 2 ** 20, 1));
    await utimes(file, 1000, 1000);
    return file;
  }

  test("is the same for the same file", async () => {
    expect(await modelFingerprint(await model())).toBe(await modelFingerprint(await model()));
  });

  test.each<[string, (file: string) => Promise<unknown>]>([
    ["longer", (file) => appendFile(file, "x")],
    ["newer", (file) => utimes(file, 2000, 2000)],
    [
      "different at a sampled place, with the same length and time",
      async (file) => {
        const handle = await open(file, "r+");
        await handle.write(Buffer.alloc(64 * 1024, 2), 0, 64 * 1024, 2 ** 20);
        await handle.close();
        await utimes(file, 1000, 1000);
      },
    ],
  ])("differs for one that is %s", async (_, change) => {
    const file = await model();
    const before = await modelFingerprint(file);
    await change(file);
    expect(await modelFingerprint(file)).not.toBe(before);
  });

  test("exists for an empty file", async () => {
    const file = path.join(await temporaryFolder(), "empty");
    await writeFile(file, "");
    expect(await modelFingerprint(file)).toMatch(/^[0-9a-f]{64}$/);
  });
});
