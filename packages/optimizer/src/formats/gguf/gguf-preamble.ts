import type { ByteSource } from "../byte-source.js";
import { describeForeignFile, SNIFFED_BYTES } from "../foreign/describe-foreign-file.js";
import { WHOLE_FILE } from "../invalid-model-file-error.js";
import type { ModelFileCursor } from "../model-file-cursor.js";
import { MAX_METADATA_ENTRIES, MAX_TENSORS } from "./gguf-limits.js";

/** The bytes of "GGUF", in the same order in files of both byte orders. */
export const MAGIC = [0x47, 0x47, 0x55, 0x46] as const;
const OLDEST_VERSION = 2;
const NEWEST_VERSION = 3;

/** The first fields of a GGUF file. */
export interface GgufPreamble {
  version: 2 | 3;
  tensorCount: number;
  entryCount: number;
}

/** Reads the first fields at the beginning of a file, and sets the byte order of the cursor. */
export async function readPreamble(cursor: ModelFileCursor, source: ByteSource): Promise<GgufPreamble> {
  await takeMagic(cursor, source);
  const version = await takeVersion(cursor);
  await cursor.need(16, "tensor count");
  const tensorCount = takeCount(cursor, "tensor count", MAX_TENSORS);
  const entryCount = takeCount(cursor, "metadata count", MAX_METADATA_ENTRIES);
  return { version, tensorCount, entryCount };
}

async function takeMagic(cursor: ModelFileCursor, source: ByteSource): Promise<void> {
  if (source.length === 0) {
    cursor.fail(WHOLE_FILE, "is empty", {
      hint: "Download it again.",
      fault: "cut-off",
    });
  }
  const magic = new Uint8Array(MAGIC.length);
  await source.read(0, magic);
  if (MAGIC.some((byte, index) => magic[index] !== byte)) {
    const start = new Uint8Array(Math.min(SNIFFED_BYTES, source.length));
    const found = start.subarray(0, await source.read(0, start));
    const { problem, hint, fault } = describeForeignFile(found, cursor.path);
    cursor.fail(WHOLE_FILE, problem, { hint, fault });
  }
  await cursor.need(4, "magic");
  cursor.takeUint32();
}

/** Takes the version. If it is valid only with swapped bytes, the file has the other byte order. */
async function takeVersion(cursor: ModelFileCursor): Promise<2 | 3> {
  const offset = cursor.offset;
  await cursor.need(4, "version");
  const asLittle = cursor.takeUint32();
  const isSwapped = asLittle !== 0 && asLittle % 2 ** 16 === 0;
  cursor.littleEndian = !isSwapped;
  const version = isSwapped ? swapped(asLittle) : asLittle;
  if (version === OLDEST_VERSION || version === NEWEST_VERSION) return version;
  if (version > NEWEST_VERSION) {
    cursor.fail("version", `is ${version}, but the newest supported version is ${NEWEST_VERSION}`, {
      offset,
      hint: "The file is damaged or newer than this program: update nanoagent.",
    });
  }
  cursor.fail("version", `is ${version}, which llama.cpp no longer reads`, {
    offset,
    hint: "Use a newer file of this model.",
  });
}

function swapped(value: number): number {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setUint32(0, value, true);
  return bytes.getUint32(0, false);
}

function takeCount(cursor: ModelFileCursor, field: string, most: number): number {
  const offset = cursor.offset;
  const count = cursor.takeLength();
  if (count > most) {
    const found = Number.isFinite(count) ? String(count) : "negative or far too large";
    cursor.fail(field, `is ${found}, but the limit is ${most}`, { offset });
  }
  return count;
}
