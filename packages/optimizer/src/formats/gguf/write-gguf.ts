import { bytesOfWeights, tensorTypeNamed } from "../tensor-types.js";
import { bytesOfValueType, VALUE_TYPES, type ValueTypeName } from "./gguf-value-types.js";
import { padTo } from "./pad-to.js";

/** A metadata value with its storage type. */
export type WritableValue =
  | { type: Exclude<ValueTypeName, "array" | "text" | "bool">; value: number | bigint }
  | { type: "text"; value: string }
  | { type: "bool"; value: boolean }
  | { type: "array"; elements: WritableElements };

type WritableElements =
  | { type: Exclude<ValueTypeName, "array" | "text">; values: readonly number[] }
  | { type: "text"; values: readonly string[] };

/** A tensor to write. `fill` writes its data into the given bytes; without `fill` they are zeros. */
export interface WritableTensor {
  name: string;
  type: string;
  shape: readonly number[];
  fill?: ((target: Uint8Array) => void) | undefined;
}

/** Contents of a GGUF file to write. */
export interface WritableGguf {
  /** Default: 3. */
  version?: number | undefined;
  /** Default: little. */
  byteOrder?: "little" | "big" | undefined;
  /** By key, in the order of the file. */
  metadata: Readonly<Record<string, WritableValue>>;
  tensors: readonly WritableTensor[];
}

/** A header as bytes, with the size of its file. */
export interface WrittenHeader {
  bytes: Uint8Array;
  fileBytes: number;
  /** File offset of each tensor's data, in the order of the tensors. */
  dataOffsets: readonly number[];
}

const DEFAULT_ALIGNMENT_BYTES = 32;

/** Returns the complete file: header and data. */
export function writeGguf(contents: WritableGguf): Uint8Array {
  const { bytes, fileBytes, dataOffsets } = writeGgufHeader(contents);
  const file = new Uint8Array(fileBytes);
  file.set(bytes);
  for (const [index, tensor] of contents.tensors.entries()) {
    const offset = dataOffsets[index] ?? 0;
    tensor.fill?.(file.subarray(offset, offset + bytesOfTensor(tensor)));
  }
  return file;
}

/** Returns only the header, padded to the start of the data. */
export function writeGgufHeader(contents: WritableGguf): WrittenHeader {
  const writer = new ByteWriter(contents.byteOrder !== "big");
  writer.bytes(Buffer.from("GGUF"));
  writer.uint32(contents.version ?? 3);
  writer.uint64(contents.tensors.length);
  const metadata = Object.entries(contents.metadata);
  writer.uint64(metadata.length);
  for (const [key, value] of metadata) {
    writer.text(key);
    writer.value(value);
  }
  const alignment = alignmentOf(contents);
  const offsets: number[] = [];
  let dataLength = 0;
  let dataEnd = 0;
  for (const tensor of contents.tensors) {
    offsets.push(dataLength);
    writer.text(tensor.name);
    writer.uint32(tensor.shape.length);
    for (const length of tensor.shape) writer.uint64(length);
    writer.uint32(tensorTypeNamed(tensor.type).id);
    writer.uint64(dataLength);
    dataEnd = dataLength + bytesOfTensor(tensor);
    dataLength = padTo(dataEnd, alignment);
  }
  const header = writer.finish();
  const dataOffset = contents.tensors.length > 0 ? padTo(header.length, alignment) : header.length;
  const bytes = new Uint8Array(dataOffset);
  bytes.set(header);
  return { bytes, fileBytes: dataOffset + dataEnd, dataOffsets: offsets.map((offset) => dataOffset + offset) };
}

function bytesOfTensor({ type, shape }: WritableTensor): number {
  return bytesOfWeights(
    tensorTypeNamed(type),
    shape.reduce((product, length) => product * length, 1),
  );
}

function alignmentOf({ metadata }: WritableGguf): number {
  const value = metadata["general.alignment"];
  return value?.type === "uint32" && Number(value.value) > 0 ? Number(value.value) : DEFAULT_ALIGNMENT_BYTES;
}

type ScalarType = Exclude<ValueTypeName, "text" | "array">;

const SETTERS: Readonly<
  Record<ScalarType, (view: DataView, at: number, value: number, littleEndian: boolean) => void>
> = {
  uint8: (view, at, value) => view.setUint8(at, value),
  int8: (view, at, value) => view.setInt8(at, value),
  bool: (view, at, value) => view.setUint8(at, value),
  uint16: (view, at, value, littleEndian) => view.setUint16(at, value, littleEndian),
  int16: (view, at, value, littleEndian) => view.setInt16(at, value, littleEndian),
  uint32: (view, at, value, littleEndian) => view.setUint32(at, value, littleEndian),
  int32: (view, at, value, littleEndian) => view.setInt32(at, value, littleEndian),
  float32: (view, at, value, littleEndian) => view.setFloat32(at, value, littleEndian),
  float64: (view, at, value, littleEndian) => view.setFloat64(at, value, littleEndian),
  uint64: (view, at, value, littleEndian) => view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), littleEndian),
  int64: (view, at, value, littleEndian) => view.setBigInt64(at, BigInt(value), littleEndian),
};

/** A byte buffer that grows on demand. */
class ByteWriter {
  readonly #littleEndian: boolean;
  #buffer = new Uint8Array(4096);
  #view = new DataView(this.#buffer.buffer);
  #length = 0;

  constructor(littleEndian: boolean) {
    this.#littleEndian = littleEndian;
  }

  bytes(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length);
    this.#buffer.set(bytes, at);
  }

  uint32(value: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, this.#littleEndian);
  }

  uint64(value: number | bigint): void {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), this.#littleEndian);
  }

  text(text: string): void {
    const encoded = Buffer.from(text);
    this.uint64(encoded.length);
    this.bytes(encoded);
  }

  value(value: WritableValue): void {
    this.uint32(VALUE_TYPES[value.type]);
    if (value.type === "array") {
      const { elements } = value;
      this.uint32(VALUE_TYPES[elements.type]);
      this.uint64(elements.values.length);
      if (elements.type === "text") for (const element of elements.values) this.text(element);
      else for (const element of elements.values) this.#scalar(elements.type, element);
      return;
    }
    if (value.type === "text") this.text(value.value);
    else this.#scalar(value.type, Number(value.value));
  }

  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  #scalar(type: ScalarType, value: number): void {
    // Grow first, because that can replace the view.
    const at = this.#grow(bytesOfValueType(type) ?? 0);
    SETTERS[type](this.#view, at, value, this.#littleEndian);
  }

  /** Appends this number of bytes and returns their offset. */
  #grow(bytes: number): number {
    const at = this.#length;
    this.#length += bytes;
    if (this.#length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#buffer.length * 2));
      grown.set(this.#buffer);
      this.#buffer = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}
