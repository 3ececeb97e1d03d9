import { cutText } from "@nanoagent/models";
import type { ByteSource } from "../byte-source.js";
import { ModelFileCursor } from "../model-file-cursor.js";
import type { SizedTensor } from "../safetensors/parse-safetensors.js";

/** Fields of the file in all, at 0.1 µs each. A graph of 20,000 nodes has 500,000. */
const MAX_FIELDS = 4_000_000;
/** Real models have up to 5,000 tensors. */
const MAX_TENSORS = 65_536;
/** Bodies of loops and branches, one in the other: two or three in real models. */
const MAX_NESTING = 16;
const MAX_DIMENSIONS = 32;
const MAX_NAME_BYTES = 4096;
/** A tensor's data are told by a location, an offset, a length and a checksum. */
const MAX_EXTERNAL_ENTRIES = 16;

/** ONNX's numbers of element types: name and bits. Texts have no size of their own. */
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

/** Where a tensor's data are that are not in the model file. */
interface ExternalData {
  tensor: string;
  /** Relative to the model's folder, and inside it: that was checked. */
  location: string;
  offset: number;
  /** What follows from shape and type, or what is stated. */
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

/** The fields that are looked into, by the kind of message that they are in; all others are stepped over. */
const NESTED = {
  model: { 7: "graph" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  sparse: { 1: "tensor", 2: "tensor" },
} as const;
type Kind = keyof typeof NESTED;

/**
 * The tensors of an ONNX model: of its graph, of the bodies of its loops and branches, and of its constants. Their data
 * are stepped over. Holds one window of the file, 128 KB, and what it returns. Throws {@link InvalidModelFileError}
 * with the field and its offset.
 */
export async function parseOnnx(path: string, source: ByteSource): Promise<OnnxContents> {
  const cursor = new ModelFileCursor(path, source);
  const contents: OnnxContents = { name: null, tensors: [], external: [] };
  let fields = 0;
  let graphs = 0;

  const takeTag = async (kind: string): Promise<{ number: number; wire: number }> => {
    if (++fields > MAX_FIELDS) cursor.fail(kind, `brings the fields of the file to over ${MAX_FIELDS}`);
    const offset = cursor.offset;
    const tag = await cursor.takeVarint(kind);
    const number = Math.floor(tag / 8);
    if (number < 1 || number >= 2 ** 29) cursor.fail(kind, "has a field of a number that there is not", { offset });
    return { number, wire: tag % 8 };
  };
  const takeEnd = async (field: string, end: number): Promise<number> => {
    const offset = cursor.offset;
    const bytes = await cursor.takeVarint(field);
    const behind = cursor.offset + bytes;
    if (!(behind <= end)) cursor.fail(field, `is said to have ${bytes} bytes, more than there are`, { offset });
    return behind;
  };
  const skipTo = (end: number, field: string) => cursor.skip(end - cursor.offset, field);
  const skipValue = async (wire: number, field: string, end: number): Promise<void> => {
    if (wire === VARINT) await cursor.takeVarint(field);
    else if (wire === MESSAGE) skipTo(await takeEnd(field, end), field);
    else if (wire === FIXED_64 || wire === FIXED_32) cursor.skip(wire === FIXED_64 ? 8 : 4, field);
    else cursor.fail(field, `has a value of kind ${wire}, which ONNX does not use`);
    if (cursor.offset > end) cursor.fail(field, "goes on behind the end of what it is in");
  };
  const takeText = async (field: string, end: number): Promise<string> => {
    const behind = await takeEnd(field, end);
    const bytes = behind - cursor.offset;
    if (bytes > MAX_NAME_BYTES) cursor.fail(field, `has ${bytes} bytes, more than the ${MAX_NAME_BYTES} that are read`);
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
    if (cursor.offset > end) cursor.fail(kind, "goes on behind its own end");
  };

  const takeTensor = async (end: number): Promise<void> => {
    const start = cursor.offset;
    if (contents.tensors.length >= MAX_TENSORS)
      cursor.fail("tensor", `is one more than the ${MAX_TENSORS} that are read`);
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
          cursor.fail("tensor external_data", "has more entries than there are keys");
        await takeEntry(await takeEnd("tensor external_data", end), entries);
      } else if (number === 14 && wire === VARINT) isExternal = (await cursor.takeVarint("tensor data_location")) === 1;
      else await skipValue(wire, `tensor field ${number}`, end);
    }
    if (cursor.offset > end) cursor.fail("tensor", "goes on behind its own end");
    const field = `tensor ${cutText(name, 200)}`;
    const failTensor = (problem: string): never => cursor.fail(field, problem, { offset: start });
    const [type, bits] = TYPES.get(typeId) ?? failTensor(`is of type ${typeId}, which there is not`);
    const elements = shape.reduce((product, length) => product * length, 1);
    const bytes = Math.ceil((elements * bits) / 8);
    if (!Number.isSafeInteger(elements) || !Number.isSafeInteger(bytes)) {
      failTensor(`has the shape ${shape.join(" × ")}, which no file can hold`);
    }
    if (isExternal) contents.external.push({ tensor: name, ...externalOf(entries, bytes, failTensor) });
    else if (rawBytes !== null && rawBytes !== bytes && bits > 0)
      failTensor(`has ${rawBytes} bytes of data, and its shape takes ${bytes}`);
    else if (rawBytes === null && elements > end - start) failTensor(`has ${elements} elements, and no data for them`);
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
    if (cursor.offset > end) cursor.fail("tensor external_data", "goes on behind its own end");
    entries.set(key, value);
  };

  if (source.length === 0)
    cursor.fail("the file", "is empty", { hint: "Was its download interrupted? Download it again." });
  await walk("model", source.length, 0);
  if (graphs === 0) cursor.fail("graph", "is missing: this is no ONNX model", { offset: 0 });
  return contents;
}

function externalOf(
  entries: ReadonlyMap<string, string>,
  bytes: number,
  fail: (problem: string) => never,
): Omit<ExternalData, "tensor"> {
  const location = entries.get("location") ?? fail("has data in another file, and does not say in which");
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
  if (length < bytes) fail(`has ${length} bytes of external data, and its shape takes ${bytes}`);
  return { location, offset: figure("offset", 0), bytes: length };
}

/**
 * Whether a location is a relative path that does not climb out of the folder, on any system. A link in the folder that
 * leads out of it is the work of whoever put it there (download caches do), and only its size is looked at.
 */
function staysInFolder(location: string): boolean {
  if (location === "" || /[\0\\:]/.test(location) || location.startsWith("/")) return false;
  return location.split("/").every((part) => part !== "..");
}
