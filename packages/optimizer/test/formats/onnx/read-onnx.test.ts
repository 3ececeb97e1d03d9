import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InvalidModelFileError, readModel } from "../../../src/index.js";
import { externalFields, type Field, message, onnx, tensorFields, varint } from "./write-onnx.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-onnx-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let files = 0;
async function fileOf(contents: Uint8Array, name = `${files++}.onnx`): Promise<string> {
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

const [FLOAT, INT64, HALF, INT4] = [1, 7, 10, 22];
const graphOf = (...tensors: (readonly Field[])[]): Field[] => tensors.map((fields) => [5, fields] as const);

describe("an ONNX model", () => {
  it("is summarized over its graph, the bodies of its branches, and its constants", async () => {
    const body: Field[] = [[5, tensorFields("inner", [3], INT64, new Uint8Array(24))]];
    const packed: Field[] = [
      [1, Buffer.concat([varint(300), varint(2)])],
      [2, HALF],
      [8, "packed"],
      [9, new Uint8Array(1200)],
    ];
    const bytes = onnx([
      [2, "classifier"],
      [
        1,
        [
          [4, "If"],
          [5, [[6, body]]],
          [5, [[5, tensorFields("constant", [], FLOAT, new Uint8Array(4))]]],
        ],
      ],
      [5, tensorFields("weights", [5, 1], INT4, new Uint8Array(3))],
      [5, packed],
    ]);
    expect(await readModel(await fileOf(bytes))).toMatchObject({
      format: "onnx",
      name: "classifier",
      architecture: null,
      file_bytes: bytes.length,
      parameter_count: 3 + 1 + 5 + 600,
      tensors_by_type: {
        i64: { count: 1, bytes: 24 },
        f32: { count: 1, bytes: 4 },
        i4: { count: 1, bytes: 3 },
        f16: { count: 1, bytes: 1200 },
      },
    });
  });

  it("counts each external data file once", async () => {
    await fileOf(new Uint8Array(100), "external/data/weights.bin");
    const location = "data/weights.bin";
    const tensor = (name: string, offset: string) => [
      ...tensorFields(name, [12], FLOAT),
      ...externalFields({ location, offset, length: "48" }),
    ];
    const bytes = onnx(graphOf(tensor("a", "0"), tensor("b", "52")));
    const summary = await readModel(await fileOf(bytes, "external/model.onnx"));
    expect(summary).toMatchObject({
      file_bytes: bytes.length + 100,
      tensors_by_type: { f32: { count: 2, bytes: 96 } },
    });
    const cut = await failureOf(await fileOf(onnx(graphOf(tensor("c", "53"))), "external/cut.onnx"));
    expect(cut.message).toContain("up to byte 101 of data/weights.bin, which has only 100");
  });

  it("accepts a link in its folder, as download caches create them", async () => {
    await fileOf(new Uint8Array(48), "blobs/1");
    await mkdir(path.join(folder, "snapshot"));
    await symlink("../blobs/1", path.join(folder, "snapshot/weights.bin"));
    const tensor = [...tensorFields("a", [12], FLOAT), ...externalFields({ location: "weights.bin" })];
    const summary = await readModel(await fileOf(onnx(graphOf(tensor)), "snapshot/model.onnx"));
    expect(summary.tensors_by_type).toEqual({ f32: { count: 1, bytes: 48 } });
  });

  it.each(["../weights.bin", "/etc/passwd", "a/../../b", "..", "..\\b", "C:\\b", "file:///b", "a\0b", ""])(
    "refuses external data at %j",
    async (location) => {
      const tensor = [...tensorFields("a", [12], FLOAT), ...externalFields({ location })];
      const error = await failureOf(await fileOf(onnx(graphOf(tensor))));
      expect(error.message).toContain("not inside the model's folder");
    },
  );

  it.each<[name: string, bytes: Uint8Array, problem: RegExp]>([
    ["only a version", message([[1, 8]]), /graph is missing|is 08 08/],
    ["a graph beyond the end", onnx(graphOf()).slice(0, -1), /more than there are|extends beyond|graph is missing/],
    ["an unknown type", onnx(graphOf(tensorFields("a", [1], 99, new Uint8Array(4)))), /unknown type 99/],
    ["a product that wraps to 0", onnx(graphOf(tensorFields("a", [2 ** 31, 2 ** 31, 4], FLOAT))), /far too large/],
    [
      "less data than its shape needs",
      onnx(graphOf(tensorFields("a", [2], FLOAT, new Uint8Array(4)))),
      /has 4 bytes of data/,
    ],
    ["no data", onnx(graphOf(tensorFields("a", [2 ** 20], FLOAT))), /has 1048576 elements but no data/],
    ["33 dimensions", onnx(graphOf(tensorFields("a", new Array(33).fill(1), FLOAT))), /are more than 32/],
    [
      "external data without a location",
      onnx(graphOf([...tensorFields("a", [1], FLOAT), ...externalFields({ offset: "0" })])),
      /external data without a location/,
    ],
    [
      "an offset that is not a number",
      onnx(graphOf([...tensorFields("a", [1], FLOAT), ...externalFields({ location: "b", offset: "-1" })])),
      /offset is "-1"/,
    ],
    [
      "missing external data",
      onnx(graphOf([...tensorFields("a", [1], FLOAT), ...externalFields({ location: "none.bin" })])),
      /in none.bin, which is missing/,
    ],
    ["a varint of 11 bytes", Buffer.from([8, 8, 0x12, ...new Array(11).fill(0xff)]), /more than ten bytes/],
    ["an unknown kind of value", Buffer.from([8, 8, 0x12, 0, 0x3b]), /a value of kind 3/],
  ])("%s is refused", async (_, bytes, problem) => {
    const error = await failureOf(await fileOf(bytes));
    expect(error).toBeInstanceOf(InvalidModelFileError);
    expect(error.message).toMatch(problem);
  });

  it("endlessly nested graphs are refused", async () => {
    let graph: Field[] = [[2, "innermost"]];
    for (let depth = 0; depth < 100; depth++) graph = [[1, [[5, [[6, graph]]]]]];
    expect((await failureOf(await fileOf(onnx(graph)))).message).toContain("nested deeper than any model");
  });
});
