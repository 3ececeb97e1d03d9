import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryLedger } from "../../../src/fit/memory-ledger.js";
import { type WritableGguf, type WritableValue, writeGguf } from "../../../src/formats/gguf/write-gguf.js";
import { InvalidModelFileError, readGguf, readModel } from "../../../src/index.js";
import { tinyGguf } from "../../../src/testing/tiny-gguf.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-split-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const contents = tinyGguf({ weightType: "q8_0" });
const number = (type: "uint16" | "int32", value: number): WritableValue => ({ type, value });

/**
 * Returns a part of the model as split by llama-gguf-split: all metadata in the first, a third of the tensors in each.
 */
function partOf(index: number, changes: Record<string, WritableValue> = {}): WritableGguf {
  const third = Math.ceil(contents.tensors.length / 3);
  return {
    metadata: {
      ...(index === 0 ? contents.metadata : {}),
      "split.no": number("uint16", index),
      "split.count": number("uint16", 3),
      "split.tensors.count": number("int32", contents.tensors.length),
      ...changes,
    },
    tensors: contents.tensors.slice(index * third, (index + 1) * third),
  };
}

const pathOf = (name: string, index: number) => path.join(folder, `${name}-0000${index + 1}-of-00003.gguf`);

async function writeParts(name: string, parts = [0, 1, 2].map((index) => partOf(index))): Promise<string> {
  for (const [index, part] of parts.entries()) await writeFile(pathOf(name, index), writeGguf(part));
  return pathOf(name, 0);
}

const failureOf = (file: string): Promise<InvalidModelFileError> =>
  readGguf(file).then(
    () => expect.fail("the file was accepted"),
    (error) => error,
  );

describe("a model in three files", () => {
  it("is read as one model by the name of any file", async () => {
    const first = await writeParts("model");
    const whole = path.join(folder, "whole.gguf");
    await writeFile(whole, writeGguf(contents));
    const header = await readGguf(first);
    expect(header.tensors.map(({ name }) => name)).toEqual(contents.tensors.map(({ name }) => name));
    expect(new Set(header.tensors.map(({ part }) => part))).toEqual(new Set([0, 1, 2]));
    expect(header.file_bytes).toBe(
      (await Promise.all([0, 1, 2].map(async (index) => (await readFile(pathOf("model", index))).length))).reduce(
        (a, b) => a + b,
      ),
    );
    expect(await readGguf(pathOf("model", 2))).toEqual(header);
    const { file_bytes: _, ...summary } = await readModel(first);
    expect(await readModel(whole)).toMatchObject(summary);

    const settings = { contextTokens: 512, batchTokens: 64, kvType: "f16", mapsFile: true, cpuFeatures: [] };
    const weights = memoryLedger({ ...settings, header }).lines.find(({ name }) => name === "weights");
    expect(weights?.resident_bytes).toBe(header.tensors.reduce((sum, { bytes }) => sum + bytes, 0));
  });

  it("is refused with the name of a missing part", async () => {
    const first = await writeParts("missing");
    await rm(pathOf("missing", 1));
    const error = await failureOf(first);
    expect(error).toBeInstanceOf(InvalidModelFileError);
    expect(error.message).toContain("missing-00002-of-00003.gguf cannot be used as a model: the file is part 2 of 3");
    expect(error.hint).toBe("Download all 3 parts of the model into one folder, and keep their names.");
  });

  it("is refused under a name without part numbers", async () => {
    const first = await writeParts("named");
    const odd = path.join(folder, "odd.gguf");
    await writeFile(odd, await readFile(first));
    expect((await failureOf(odd)).hint).toContain("-00001-of-00003.gguf");
    const swapped = path.join(folder, "swapped-00002-of-00003.gguf");
    await writeFile(swapped, await readFile(first));
    expect(await failureOf(swapped)).toMatchObject({ field: "split.no" });
  });

  it.each<[name: string, index: number, changes: Record<string, WritableValue>, field: string]>([
    ["claims to be another part", 1, { "split.no": number("uint16", 2) }, "split.no"],
    ["belongs to another model", 1, { "split.count": number("uint16", 2) }, "split.no"],
    ["counts other tensors", 0, { "split.tensors.count": number("int32", 4) }, "split.tensors.count"],
  ])("is refused when a part %s", async (name, index, changes, field) => {
    const parts = [0, 1, 2].map((at) => partOf(at, at === index ? changes : {}));
    expect(await failureOf(await writeParts(name.replaceAll(" ", "-"), parts))).toMatchObject({ field });
  });

  it("is refused if two parts have the same tensor", async () => {
    const parts = [partOf(0), partOf(1), { ...partOf(2), tensors: partOf(0).tensors }];
    const count = parts.reduce((sum, { tensors }) => sum + tensors.length, 0);
    const first = partOf(0, { "split.tensors.count": number("int32", count) });
    const error = await failureOf(await writeParts("twice", [first, ...parts.slice(1)]));
    expect(error).toMatchObject({ field: "tensor token_embd.weight" });
    expect(error.message).toContain("is also in another part");
  });
});
