import { isDeepStrictEqual } from "node:util";
import { InvalidModelFileError } from "../invalid-model-file-error.js";
import { ModelFileCursor } from "../model-file-cursor.js";
import { type FilePieces, PieceSource } from "../piece-source.js";
import { findTables } from "./find-tables.js";
import { alignmentOf, figuresOf } from "./gguf-figures.js";
import type { GgufHeader, GgufTensor } from "./gguf-header.js";
import { MAX_HEADER_BYTES, MAX_TENSOR_NAME_BYTES } from "./gguf-limits.js";
import { GgufMetadata } from "./gguf-metadata.js";
import { readPreamble } from "./gguf-preamble.js";
import { VALUE_TYPES } from "./gguf-value-types.js";
import { padTo } from "./pad-to.js";
import { lastByte, placeTensors } from "./place-tensors.js";
import { CHAT_TEMPLATE_KEY, NAMED_TEMPLATE_PREFIX, readMetadata } from "./read-metadata.js";
import { readTensors } from "./read-tensors.js";

/** Bytes at the beginning that are enough for all metadata before the tokenizer. Real files have 1 to 6 KB. */
const HEAD_BYTES = 16 * 1024;

/** Most bytes by which the metadata of two quantizations may differ in length. Their keys differ by less than 1 KB. */
const SHIFT_BYTES = 64 * 1024;

/** Most places at which a table is tried: in a sound file, the first one is right. */
const MAX_TRIES = 4;

/** A range of a file, from the first byte up to but not including the last. */
export interface ByteRange {
  from: number;
  to: number;
}

/**
 * Returns the ranges of a file that {@link parseGgufSibling} needs: the beginning, and the table of tensors where it is
 * in `known`, with 64 KB before and behind it. One range if they touch; no range if the file is too small for being such a quantization.
 */
export function siblingRanges(known: GgufHeader, fileBytes: number): readonly ByteRange[] {
  const from = Math.max(0, known.table_offset - SHIFT_BYTES);
  const to = known.table_offset + tableBytes(known.tensors) + SHIFT_BYTES;
  const ranges =
    from <= HEAD_BYTES
      ? [{ from: 0, to }]
      : [
          { from: 0, to: HEAD_BYTES },
          { from, to },
        ];
  return fileBytes <= from ? [] : ranges.map((range) => ({ from: range.from, to: Math.min(range.to, fileBytes) }));
}

/**
 * Returns the header of another quantization of the model with the header `known`, in one file, from the
 * {@link siblingRanges} of that file. Returns null if the pieces are damaged, or do not show that the file is such a
 * quantization; then the whole header must be read.
 *
 * Compared with `known`: format version, byte order, architecture, name, purpose and shape; chat templates; names and
 * shapes of all tensors, in any order. Checked: the tensors fill the file without gaps. Taken from `known` without a
 * check: the tokens and the ids of special tokens, which a plan does not depend on.
 */
export async function parseGgufSibling(
  known: GgufHeader,
  path: string,
  { fileBytes, pieces }: FilePieces,
): Promise<GgufHeader | null> {
  const source = new PieceSource({ fileBytes, pieces });
  const last = pieces.at(-1);
  if (last === undefined || known.tensors.length === 0) return null;
  const isSame = await orNull(isSameHead(known, new ModelFileCursor(path, source), source));
  if (isSame !== true) return null;
  const shapes = new Map(known.tensors.map(({ name, shape }) => [name, shape]));
  const places = findTables(last.bytes, {
    names: shapes,
    littleEndian: known.byte_order === "little",
    maxNameBytes: MAX_TENSOR_NAME_BYTES,
    most: MAX_TRIES,
  });
  for (const place of places) {
    const cursor = new ModelFileCursor(path, source);
    const table = await orNull(readTable(known, shapes, cursor, last.offset + place));
    if (table === null || !hasTemplatesOf(known, last.bytes.subarray(0, place))) continue;
    return { ...known, path, file_bytes: fileBytes, split: null, ...table };
  }
  return null;
}

/** Length of a table of these tensors. Their order does not matter. */
function tableBytes(tensors: readonly GgufTensor[]): number {
  const bytesOf = ({ name, shape }: GgufTensor) => 8 + Buffer.byteLength(name) + 4 + shape.length * 8 + 4 + 8;
  return tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
}

/** Whether a file begins with the same figures. */
async function isSameHead(known: GgufHeader, cursor: ModelFileCursor, source: PieceSource): Promise<boolean> {
  const { version, tensorCount, entryCount } = await readPreamble(cursor, source);
  const metadata = new GgufMetadata(cursor.path);
  // The piece ends before the metadata do.
  await orNull(readMetadata(cursor, entryCount, metadata));
  const { architecture, name, purpose, shape, split } = figuresOf(metadata);
  return (
    version === known.version &&
    cursor.littleEndian === (known.byte_order === "little") &&
    tensorCount === known.tensors.length &&
    split === null &&
    (!metadata.has("general.alignment") || alignmentOf(metadata) === known.alignment_bytes) &&
    architecture === known.architecture &&
    name === known.name &&
    isDeepStrictEqual(purpose, known.purpose) &&
    isDeepStrictEqual(shape, known.shape)
  );
}

type Table = Pick<GgufHeader, "table_offset" | "data_offset" | "tensors">;

/** Reads the table at an offset; null unless it has the tensors of `known` and they fill the file. */
async function readTable(
  known: GgufHeader,
  shapes: ReadonlyMap<string, readonly number[]>,
  cursor: ModelFileCursor,
  table_offset: number,
): Promise<Table | null> {
  const { alignment_bytes } = known;
  cursor.littleEndian = known.byte_order === "little";
  cursor.skip(table_offset, "tensor table");
  const listed = await readTensors(cursor, known.tensors.length);
  if (!listed.every(({ name, shape }) => isDeepStrictEqual(shape, shapes.get(name)))) return null;
  const data_offset = padTo(cursor.offset, alignment_bytes);
  if (data_offset > MAX_HEADER_BYTES) return null;
  const tensors = placeTensors(cursor, listed, data_offset, alignment_bytes);
  const excess = cursor.fileBytes - lastByte(tensors, data_offset);
  return excess < alignment_bytes ? { table_offset, data_offset, tensors } : null;
}

/** Whether the end of the metadata has the chat templates of `known`, and no others. */
function hasTemplatesOf({ tokenizer, byte_order }: GgufHeader, metadata: Uint8Array): boolean {
  const { chat_template, named_chat_templates } = tokenizer;
  const expected = [
    ...(chat_template === null ? [] : [[CHAT_TEMPLATE_KEY, chat_template] as const]),
    ...Object.entries(named_chat_templates).map(([name, text]) => [NAMED_TEMPLATE_PREFIX + name, text] as const),
  ];
  const bytes = Buffer.from(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  const found = bytes.toString("latin1").match(TEMPLATE_KEYS)?.length ?? 0;
  return found === expected.length && expected.every(([key, text]) => bytes.includes(textEntry(key, text, byte_order)));
}

/** Keys of templates, without that of their list. */
const TEMPLATE_KEYS = /tokenizer\.chat_template(?!s)/g;

/** Returns a metadata entry with a text, as it is in a file. */
function textEntry(key: string, text: string, byteOrder: "little" | "big"): Buffer {
  const littleEndian = byteOrder === "little";
  const encode = (value: string) => {
    const encoded = Buffer.from(value);
    const length = Buffer.alloc(8);
    if (littleEndian) length.writeBigUInt64LE(BigInt(encoded.length));
    else length.writeBigUInt64BE(BigInt(encoded.length));
    return Buffer.concat([length, encoded]);
  };
  const type = Buffer.alloc(4);
  if (littleEndian) type.writeUInt32LE(VALUE_TYPES.text);
  else type.writeUInt32BE(VALUE_TYPES.text);
  return Buffer.concat([encode(key), type, encode(text)]);
}

/** Resolves with null for bytes that are not those of a header. */
async function orNull<Result>(result: Promise<Result>): Promise<Result | null> {
  return result.catch((error: unknown) => {
    if (error instanceof InvalidModelFileError) return null;
    throw error;
  });
}
