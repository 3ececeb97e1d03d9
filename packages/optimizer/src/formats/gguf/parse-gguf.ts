import type { ByteSource } from "../byte-source.js";
import { WHOLE_FILE } from "../invalid-model-file-error.js";
import { ModelFileCursor } from "../model-file-cursor.js";
import { alignmentOf, figuresOf } from "./gguf-figures.js";
import type { GgufHeader } from "./gguf-header.js";
import { MAX_HEADER_BYTES } from "./gguf-limits.js";
import { MAGIC, readPreamble } from "./gguf-preamble.js";
import { padTo } from "./pad-to.js";
import { lastByte, placeTensors } from "./place-tensors.js";
import { readMetadata } from "./read-metadata.js";
import { readTensors } from "./read-tensors.js";

/**
 * Parses the header of one GGUF file, version 2 or 3, in either byte order. Holds a window of 128 KB of the source and
 * the result of at most 8 MB. Every length, product and offset is checked against the length of the source before it is
 * used. Reads forward only, apart from the first 4 KB; after the header, reads four bytes behind the tensors if the file
 * goes on there. Throws {@link InvalidModelFileError} with the field and its offset.
 */
export async function parseGguf(path: string, source: ByteSource): Promise<GgufHeader> {
  const cursor = new ModelFileCursor(path, source);
  const { version, tensorCount, entryCount } = await readPreamble(cursor, source);
  const metadata = await readMetadata(cursor, entryCount);
  const alignment_bytes = alignmentOf(metadata);
  const table_offset = cursor.offset;
  const listed = await readTensors(cursor, tensorCount);
  const data_offset = tensorCount > 0 ? padTo(cursor.offset, alignment_bytes) : cursor.offset;
  if (data_offset > MAX_HEADER_BYTES) {
    cursor.fail("tensor data", `begin at byte ${data_offset}: the header is larger than ${MAX_HEADER_BYTES} bytes`);
  }
  const tensors = placeTensors(cursor, listed, data_offset, alignment_bytes);
  await refuseSecondFile(cursor, source, { end: lastByte(tensors, cursor.offset), data_offset, alignment_bytes });
  return {
    path,
    version,
    byte_order: cursor.littleEndian ? "little" : "big",
    file_bytes: source.length,
    alignment_bytes,
    table_offset,
    data_offset,
    ...figuresOf(metadata),
    tensors,
  };
}

interface DataEnd {
  end: number;
  data_offset: number;
  alignment_bytes: number;
}

/** Refuses concatenated files, because llama.cpp would ignore all but the first. */
async function refuseSecondFile(
  cursor: ModelFileCursor,
  source: ByteSource,
  { end, data_offset, alignment_bytes }: DataEnd,
): Promise<void> {
  const padded = Math.max(data_offset, data_offset + padTo(end - data_offset, alignment_bytes));
  for (const offset of new Set([end, padded, padTo(end, alignment_bytes)])) {
    const start = new Uint8Array(MAGIC.length);
    if (offset + start.length > source.length || (await source.read(offset, start)) < start.length) continue;
    if (MAGIC.some((byte, index) => start[index] !== byte)) continue;
    cursor.fail(WHOLE_FILE, "contains several GGUF files, one after another", {
      offset,
      hint:
        "Keep the parts of a model as separate files: download them again into one folder, keep their names, and use " +
        "the first. To merge them, run llama-gguf-split --merge FIRST-PART NEW-FILE.",
    });
  }
}
