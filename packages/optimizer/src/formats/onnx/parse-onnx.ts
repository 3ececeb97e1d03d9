import { cutText } from "@nanoagent/models";
import type { ByteSource } from "../byte-source.js";
import { ModelFileCursor } from "../model-file-cursor.js";
import type { SizedTensor } from "../safetensors/parse-safetensors.js";

/** Most fields of a file, at 0.1 µs each. A graph of 20,000 nodes has 500,000. */
const MAX_FIELDS = 4_000_000;
/** Most tensors. Real models have up to 5,000. */
const MAX_TENSORS = 65_536;
/** Deepest nesting of loop and branch bodies. Real models have two or three levels. */
const MAX_NESTING = 16;
const MAX_DIMENSIONS = 32;
const MAX_NAME_BYTES = 4096;
/** Most entries that describe external data. Real ones are location, offset, length and checksum. */
const MAX_EXTERNAL_ENTRIES = 16;

/** Name and bits of each ONNX element type, by number. Texts have no fixed size. */
const TYPES: ReadonlyMap<number, readonly [name: string, bits: number]> = new Map([
  [1, ["f32", 32]],
  [2, ["u8", 8]],
  [3, ["i8", 8]],
  [4, ["u16", 16]],
  [5, ["i16", 16]],
  [6, ["i32", 32]],
  [7, ["i64", 64]],
  [8, ["text", 0]],
  [9, ["bool", 8]],
  [10, ["f16", 16]],
  [11, ["f64", 64]],
  [12, ["u32", 32]],
  [13, ["u64", 64]],
  [14, ["c64", 64]],
  [15, ["c128", 128]],
  [16, ["bf16", 16]],
  [17, ["f8_e4m3", 8]],
  [18, ["f8_e4m3fnuz", 8]],
  [19, ["f8_e5m2", 8]],
  [20, ["f8_e5m2fnuz", 8]],
  [21, ["u4", 4]],
  [22, ["i4", 4]],
  [23, ["f4", 4]],
  [24, ["f8_e8m0", 8]],
  [25, ["u2", 2]],
  [26, ["i2", 2]],
]);

/** Location of tensor data outside the model file. */
interface ExternalData {
  tensor: string;
  /** Path relative to the model's folder, verified to be inside it. */
  location: string;
  offset: number;
  /** The stated length, or the size according to shape and type. */
  bytes: number;
}

export interface OnnxContents {
  name: string | null;
  tensors: SizedTensor[];
  external: ExternalData[];
}

const VARINT = 0;
const FIXED_64 = 1;
const MESSAGE = 2;
const FIXED_32 = 5;

/** Fields to read, by kind of message. All other fields are skipped. */
const NESTED = {
  model: { 7: "graph" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  sparse: { 1: "tensor", 2: "tensor" },
} as const;
type Kind = keyof typeof NESTED;

/**
 * Lists the tensors of an ONNX model: those of its graph, of loop and branch bodies, and of constants. Their data are
 * skipped. Holds a window of 128 KB of the file and the result. Throws {@link InvalidModelFileError} with the field and
 * its offset.
 */
export async function parseOnnx(path: string, source: ByteSource): Promise<OnnxContents> {
  const cursor = new ModelFileCursor(path, source);
  const contents: OnnxContents = { name: null, tensors: [], external: [] };
  let fields = 0;
  let graphs = 0;

  const takeTag = async (kind: string): Promise<{ number: number; wire: number }> => {
    if (++fields > MAX_FIELDS) cursor.fail(kind, `exceeds the limit of ${MAX_FIELDS} fields`);
    const offset = cursor.offset;
    const tag = await cursor.takeVarint(kind);
    const number = Math.floor(tag / 8);
    if (number < 1 || number >= 2 ** 29) cursor.fail(kind, "has a field with an invalid number", { offset });
    return { number, wire: tag % 8 };
  };
  const takeEnd = async (field: string, end: number): Promise<number> => {
    const offset = cursor.offset;
    const bytes = await cursor.takeVarint(field);
    const behind = cursor.offset + bytes;
    if (!(behind <= end)) cursor.fail(field, `claims ${bytes} bytes, more than there are`, { offset });
    return behind;
  };
  const skipTo = (end: number, field: string) => cursor.skip(end - cursor.offset, field);
  const skipValue = async (wire: number, field: string, end: number): Promise<void> => {
    if (wire === VARINT) await cursor.takeVarint(field);
    else if (wire === MESSAGE) skipTo(await takeEnd(field, end), field);
    else if (wire === FIXED_64 || wire === FIXED_32) cursor.skip(wire === FIXED_64 ? 8 : 4, field);
    else cursor.fail(field, `has a value of kind ${wire}, which ONNX does not use`);
    if (cursor.offset > end) cursor.fail(field, "extends beyond the end of its message");
  };
  const takeText = async (field: string, end: number): Promise<string> => {
    const behind = await takeEnd(field, end);
    const bytes = behind - cursor.offset;
    if (bytes > MAX_NAME_BYTES) cursor.fail(field, `has ${bytes} bytes, but the limit is ${MAX_NAME_BYTES}`);
    return new TextDecoder().decode(await cursor.takeBytes(bytes, field));
  };

  const walk = async (kind: Kind, end: number, nesting: number): Promise<void> => {
    const nested: Readonly<Record<number, Kind | "tensor">> = NESTED[kind];
    if (kind === "graph") graphs++;
    while (cursor.offset < end) {
      const { number, wire } = await takeTag(kind);
      const inner = wire === MESSAGE ? nested[number] : undefined;
      if (kind === "graph" && number === 2 && wire === MESSAGE && graphs === 1) {
        contents.name = (await takeText("graph.name", end)) || null;
      } else if (inner === "tensor") {
        await takeTensor(await takeEnd("tensor", end));
      } else if (inner !== undefined) {
        if (nesting >= MAX_NESTING * 3) cursor.fail(inner, "is nested deeper than any model");
        await walk(inner, await takeEnd(inner, end), nesting + 1);
      } else {
        await skipValue(wire, `${kind} field ${number}`, end);
      }
    }
    if (cursor.offset > end) cursor.fail(kind, "extends beyond its own end");
  };

  const takeTensor = async (end: number): Promise<void> => {
    const start = cursor.offset;
    if (contents.tensors.length >= MAX_TENSORS) cursor.fail("tensor", `exceeds the limit of ${MAX_TENSORS} tensors`);
    const shape: number[] = [];
    let typeId = 0;
    let name = "";
    let rawBytes: number | null = null;
    let isExternal = false;
    const entries = new Map<string, string>();
    const takeLength = async () => {
      if (shape.length >= MAX_DIMENSIONS) cursor.fail("tensor dims", `are more than ${MAX_DIMENSIONS}`);
      shape.push(await cursor.takeVarint("tensor dims"));
    };
    while (cursor.offset < end) {
      const { number, wire } = await takeTag("tensor");
      if (number === 1 && wire === VARINT) await takeLength();
      else if (number === 1 && wire === MESSAGE) {
        const behind = await takeEnd("tensor dims", end);
        while (cursor.offset < behind) await takeLength();
      } else if (number === 2 && wire === VARINT) typeId = await cursor.takeVarint("tensor data_type");
      else if (number === 8 && wire === MESSAGE) name = await takeText("tensor name", end);
      else if (number === 9 && wire === MESSAGE) {
        const behind = await takeEnd("tensor raw_data", end);
        rawBytes = behind - cursor.offset;
        skipTo(behind, "tensor raw_data");
      } else if (number === 13 && wire === MESSAGE) {
        if (entries.size >= MAX_EXTERNAL_ENTRIES)
          cursor.fail("tensor external_data", `has more than ${MAX_EXTERNAL_ENTRIES} entries`);
        await takeEntry(await takeEnd("tensor external_data", end), entries);
      } else if (number === 14 && wire === VARINT) isExternal = (await cursor.takeVarint("tensor data_location")) === 1;
      else await skipValue(wire, `tensor field ${number}`, end);
    }
    if (cursor.offset > end) cursor.fail("tensor", "extends beyond its own end");
    const field = `tensor ${cutText(name, 200)}`;
    const failTensor = (problem: string): never => cursor.fail(field, problem, { offset: start });
    const [type, bits] = TYPES.get(typeId) ?? failTensor(`has the unknown type ${typeId}`);
    const elements = shape.reduce((product, length) => product * length, 1);
    const bytes = Math.ceil((elements * bits) / 8);
    if (!Number.isSafeInteger(elements) || !Number.isSafeInteger(bytes)) {
      failTensor(`has the shape ${shape.join(" × ")}, which is far too large`);
    }
    if (isExternal) contents.external.push({ tensor: name, ...externalOf(entries, bytes, failTensor) });
    else if (rawBytes !== null && rawBytes !== bytes && bits > 0)
      failTensor(`has ${rawBytes} bytes of data, but its shape needs ${bytes}`);
    else if (rawBytes === null && elements > end - start) failTensor(`has ${elements} elements but no data`);
    contents.tensors.push({ name, type, elements, bytes });
  };

  const takeEntry = async (end: number, entries: Map<string, string>): Promise<void> => {
    let key = "";
    let value = "";
    while (cursor.offset < end) {
      const { number, wire } = await takeTag("tensor external_data");
      if (number === 1 && wire === MESSAGE) key = await takeText("key of external_data", end);
      else if (number === 2 && wire === MESSAGE) value = await takeText("value of external_data", end);
      else await skipValue(wire, "tensor external_data", end);
    }
    if (cursor.offset > end) cursor.fail("tensor external_data", "extends beyond its own end");
    entries.set(key, value);
  };

  if (source.length === 0) cursor.fail("the file", "is empty", { hint: "Download it again." });
  await walk("model", source.length, 0);
  if (graphs === 0) cursor.fail("graph", "is missing: this is not an ONNX model", { offset: 0 });
  return contents;
}

function externalOf(
  entries: ReadonlyMap<string, string>,
  bytes: number,
  fail: (problem: string) => never,
): Omit<ExternalData, "tensor"> {
  const location = entries.get("location") ?? fail("has external data without a location");
  if (!staysInFolder(location)) {
    fail(`has data in ${JSON.stringify(cutText(location, 200))}, which is not inside the model's folder`);
  }
  const figure = (key: string, otherwise: number): number => {
    const text = entries.get(key);
    if (text === undefined) return otherwise;
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    return Number.isSafeInteger(number)
      ? number
      : fail(`has external data whose ${key} is ${JSON.stringify(cutText(text, 40))}`);
  };
  const length = figure("length", bytes);
  if (length < bytes) fail(`has ${length} bytes of external data, but its shape needs ${bytes}`);
  return { location, offset: figure("offset", 0), bytes: length };
}

/**
 * Whether a location is a relative path that stays inside the folder, on any system. A link that leads out of the
 * folder is allowed, because download caches create such links, and only the size of its target is read.
 */
function staysInFolder(location: string): boolean {
  if (location === "" || /[\0\\:]/.test(location) || location.startsWith("/")) return false;
  return location.split("/").every((part) => part !== "..");
}
