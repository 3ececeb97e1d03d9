import { tensorTypeNamed } from "../../../src/formats/tensor-types.js";

/** The parts of a file as bytes, so that each can be made invalid. */
export interface RawGguf {
  magic?: string;
  version?: number;
  tensorCount?: bigint;
  entryCount?: bigint;
  entries?: readonly Uint8Array[];
  tensors?: readonly Uint8Array[];
  /** Bytes of tensor data after the padding. Default: 0. */
  dataBytes?: number;
}

const ALIGNMENT_BYTES = 32;

export function rawGguf(parts: RawGguf = {}): Uint8Array {
  const { magic = "GGUF", version = 3, entries = [], tensors = [], dataBytes = 0 } = parts;
  const header = joined(
    Buffer.from(magic),
    uint32(version),
    uint64(parts.tensorCount ?? BigInt(tensors.length)),
    uint64(parts.entryCount ?? BigInt(entries.length)),
    ...entries,
    ...tensors,
  );
  const dataOffset = Math.ceil(header.length / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const file = new Uint8Array(tensors.length > 0 || dataBytes > 0 ? dataOffset + dataBytes : header.length);
  file.set(header);
  return file;
}

/** Returns an entry with a key, a type id and raw value bytes. */
export function rawEntry(key: string | Uint8Array, typeId: number, ...value: Uint8Array[]): Uint8Array {
  return joined(rawText(key), uint32(typeId), ...value);
}

export function textEntry(key: string, value: string): Uint8Array {
  return rawEntry(key, 8, rawText(value));
}

export function uint32Entry(key: string, value: number): Uint8Array {
  return rawEntry(key, 4, uint32(value));
}

/** Returns an array entry with an element type id, a stated length and raw element bytes. */
export function arrayEntry(key: string, typeId: number, length: bigint, ...elements: Uint8Array[]): Uint8Array {
  return rawEntry(key, 9, uint32(typeId), uint64(length), ...elements);
}

export interface RawTensor {
  name?: string | Uint8Array;
  shape?: readonly bigint[];
  dimensionCount?: number;
  typeId?: number;
  offset?: bigint;
}

/** Returns an entry of the tensor table. Default: 32 floats. */
export function rawTensor({
  name = "a.weight",
  shape = [32n],
  dimensionCount = shape.length,
  typeId = tensorTypeNamed("f32").id,
  offset = 0n,
}: RawTensor = {}): Uint8Array {
  return joined(rawText(name), uint32(dimensionCount), ...shape.map(uint64), uint32(typeId), uint64(offset));
}

export function rawText(text: string | Uint8Array): Uint8Array {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  return joined(uint64(BigInt(bytes.length)), bytes);
}

export function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function uint64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes;
}

export function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
