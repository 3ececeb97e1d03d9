import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InvalidModelFileError, readModel } from "../../../src/index.js";
import { safetensor, writeSafetensors } from "./write-safetensors.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-safetensors-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function fileOf(name: string, contents: string | Uint8Array): Promise<string> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, contents);
  return file;
}

const failureOf = (file: string): Promise<InvalidModelFileError> =>
  readModel(file).then(
    () => expect.fail("the file was accepted"),
    (error) => error,
  );

describe("one file", () => {
  it("is summarized by type", async () => {
    const header = {
      __metadata__: { format: "pt" },
      "model.embed_tokens.weight": safetensor(0, [16, 4]),
      "model.norm.weight": safetensor(128, [4], "F32", 4),
      __proto: safetensor(144, [0]),
    };
    const file = await fileOf("model.safetensors", writeSafetensors(header, 144));
    expect(await readModel(file)).toEqual({
      format: "safetensors",
      architecture: null,
      name: null,
      file_bytes: expect.any(Number),
      parameter_count: 68,
      layer_count: null,
      embedding_length: null,
      feed_forward_length: null,
      head_count: null,
      kv_head_count: null,
      vocabulary_size: null,
      training_context_tokens: null,
      tensors_by_type: { bf16: { count: 2, bytes: 128 }, f32: { count: 1, bytes: 16 } },
    });
  });

  const one = { a: safetensor(0, [8]) };
  it.each<[name: string, bytes: Uint8Array, field: string, problem: RegExp]>([
    ["cut in its length", Uint8Array.of(1, 2, 3), "header length", /extends beyond the end/],
    ["a length of 2^63", writeSafetensors(one, 16, 2n ** 63n), "header length", /is 9223372036854775808/],
    ["a header beyond the end", writeSafetensors(one, 0, 4096n), "header", /extends beyond the end/],
    ["not JSON", writeSafetensors("{ no", 0), "header", /is not a JSON object/],
    ["a list", writeSafetensors("{}".replace("{}", '["a"]'), 0), "header", /is not a JSON object/],
    ["endless nesting", writeSafetensors(`{"a":${"[".repeat(20_000)}`, 0), "header", /is not a JSON object/],
    ["another dtype", writeSafetensors({ a: safetensor(0, [8], "F17") }, 16), "tensor a", /dtype "F17"/],
    ["the dtype __proto__", writeSafetensors({ a: safetensor(0, [8], "__proto__") }, 16), "tensor a", /unknown dtype/],
    ["a tensor that is a number", writeSafetensors({ a: 1 }, 0), "tensor a", /is not a JSON object/],
    ["a negative shape", writeSafetensors({ a: safetensor(0, [-8]) }, 16), "tensor a", /has a shape/],
    ["half a weight", writeSafetensors({ a: { ...one.a, shape: [0.5] } }, 16), "tensor a", /has a shape/],
    [
      "a product that wraps to 0",
      writeSafetensors({ a: { ...one.a, shape: [2 ** 31, 2 ** 31, 4] } }, 16),
      "tensor a",
      /too large/,
    ],
    [
      "half a byte",
      writeSafetensors({ a: { dtype: "F4", shape: [3], data_offsets: [0, 2] } }, 2),
      "tensor a",
      /whole bytes/,
    ],
    ["no data_offsets", writeSafetensors({ a: { dtype: "F32", shape: [1] } }, 4), "tensor a", /data_offsets/],
    ["too few bytes", writeSafetensors({ a: { ...one.a, data_offsets: [0, 15] } }, 16), "tensor a", /needs 16/],
    ["a gap", writeSafetensors({ a: safetensor(2, [8]) }, 18), "tensor a", /data offset 2, .* ends at 0/],
    ["overlapping tensors", writeSafetensors({ a: one.a, b: one.a }, 16), "tensor b", /data offset 0, .* ends at 16/],
    ["data beyond the end", writeSafetensors(one, 15), "tensor data", /need 16 bytes, but the file has only 15/],
    ["data that belongs to no tensor", writeSafetensors(one, 17), "tensor data", /has 17 for them/],
  ])("%s is refused", async (name, bytes, field, problem) => {
    const error = await failureOf(await fileOf(`${name.replace(/\W/g, "-")}.safetensors`, bytes));
    expect(error).toBeInstanceOf(InvalidModelFileError);
    expect(error).toMatchObject({ code: "invalid-model-file", field });
    expect(error.message).toMatch(problem);
  });

  it("is identified when it is a web page or a pointer", async () => {
    expect((await failureOf(await fileOf("page.safetensors", "<!DOCTYPE html>"))).message).toContain("a web page");
    const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n";
    expect((await failureOf(await fileOf("pointer.safetensors", pointer))).message).toContain("Git LFS pointer");
    expect((await failureOf(await fileOf("empty.safetensors", ""))).message).toContain("extends beyond the end");
  });
});

describe("several files", () => {
  const weight_map = { a: "m-00001-of-00002.safetensors", b: "m-00002-of-00002.safetensors" };
  const write = async (name: string, { second = true, map = weight_map as Record<string, unknown> } = {}) => {
    const first = await fileOf(`${name}/m-00001-of-00002.safetensors`, writeSafetensors({ a: safetensor(0, [8]) }, 16));
    if (second) await fileOf(`${name}/m-00002-of-00002.safetensors`, writeSafetensors({ b: safetensor(0, [4]) }, 8));
    const index = await fileOf(`${name}/m.safetensors.index.json`, JSON.stringify({ metadata: {}, weight_map: map }));
    return { first, index };
  };

  it("are read as one model by the index or any file", async () => {
    const { first, index } = await write("whole");
    const expected = { parameter_count: 12, tensors_by_type: { bf16: { count: 2, bytes: 24 } } };
    expect(await readModel(index)).toMatchObject(expected);
    expect(await readModel(first)).toEqual(await readModel(index));
    expect(await readModel(first.replace("00001-of", "00002-of"))).toEqual(await readModel(index));
  });

  it("are refused if one is missing", async () => {
    const { first, index } = await write("half", { second: false });
    for (const file of [first, index]) {
      const error = await failureOf(file);
      expect(error.message).toContain("is part 2 of 2 and is missing");
      expect(error.hint).toBe("Download all parts of the model into one folder.");
    }
  });

  it.each([
    "../m-00001-of-00002.safetensors",
    "/etc/passwd",
    "sub/m.safetensors",
    "..\\m.safetensors",
    "C:m.safetensors",
    "a\0b",
    "..",
    "",
    7,
  ])("are refused if the index lists %j", async (name) => {
    const { index } = await write(`escape-${String(name).replace(/\W/g, "-")}`, { map: { a: name } });
    expect((await failureOf(index)).message).toContain("not a file of this folder");
  });

  it("are refused if the index lists a missing tensor, or is not an index", async () => {
    const { index } = await write("other", { map: { ...weight_map, c: weight_map.a } });
    expect(await failureOf(index)).toMatchObject({ field: "weight_map of c" });
    await writeFile(index, "[]");
    expect(await failureOf(index)).toMatchObject({ field: "weight_map" });
  });
});
