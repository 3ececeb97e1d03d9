import { cutText } from "@nanoagent/models";
import type { ByteSource } from "../byte-source.js";
import { InvalidModelFileError } from "../invalid-model-file-error.js";

/** Largest header. The format allows 100 MB; a tensor needs about 100 bytes, and the largest models have 3 MB. */
const MAX_SAFETENSORS_HEADER_BYTES = 32 * 2 ** 20;
/** Most tensors, enough for a mixture of experts with separately stored experts. */
export const MAX_SAFETENSORS_TENSORS = 262_144;
/** Most dimensions, as in tensor libraries. */
const MAX_DIMENSIONS = 32;
const LENGTH_BYTES = 8;
const METADATA_KEY = "__metadata__";

/** Bits per element. Tensors of four-bit and six-bit types must fill whole bytes. */
const BITS_BY_TYPE: Readonly<Record<string, number>> = Object.assign(Object.create(null), {
  F64: 64,
  I64: 64,
  U64: 64,
  C64: 64,
  F32: 32,
  I32: 32,
  U32: 32,
  F16: 16,
  BF16: 16,
  I16: 16,
  U16: 16,
  F8_E4M3: 8,
  F8_E5M2: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I8: 8,
  U8: 8,
  BOOL: 8,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F4: 4,
});

/** One tensor of a safetensors or ONNX file, with the facts that sizes depend on. */
export interface SizedTensor {
  name: string;
  /** In lower case: `bf16`, `f8_e4m3`. */
  type: string;
  elements: number;
  bytes: number;
}

/**
 * Lists the tensors of a safetensors header. The header is read as a whole, up to
 * {@link MAX_SAFETENSORS_HEADER_BYTES}; the data is not read, but must be contiguous up to the end of the file. Throws
 * {@link InvalidModelFileError} with the field and its offset.
 */
export async function parseSafetensors(path: string, source: ByteSource): Promise<SizedTensor[]> {
  const fail = (field: string, problem: string, hint?: string): never => {
    throw new InvalidModelFileError({
      path,
      field,
      offset: field === "header length" ? 0 : LENGTH_BYTES,
      problem,
      hint,
    });
  };
  const unfinished = "The download is incomplete, or the file is damaged: download it again.";
  const lengthBytes = new Uint8Array(LENGTH_BYTES);
  if ((await source.read(0, lengthBytes)) < LENGTH_BYTES) {
    fail("header length", `extends beyond the end of the file, which has ${source.length} bytes`, unfinished);
  }
  const stated = new DataView(lengthBytes.buffer).getBigUint64(0, true);
  if (stated > BigInt(MAX_SAFETENSORS_HEADER_BYTES)) {
    fail("header length", `is ${stated}, but the limit is ${MAX_SAFETENSORS_HEADER_BYTES}`);
  }
  const headerBytes = Number(stated);
  const dataBytes = source.length - LENGTH_BYTES - headerBytes;
  if (dataBytes < 0) fail("header", `extends beyond the end of the file, which has ${source.length} bytes`, unfinished);

  const encoded = new Uint8Array(headerBytes);
  if ((await source.read(LENGTH_BYTES, encoded)) < headerBytes) fail("header", "became shorter while it was read");
  const entries = Object.entries(parseObject(encoded) ?? fail("header", "is not a JSON object"));
  if (entries.length > MAX_SAFETENSORS_TENSORS) {
    fail("header", `lists ${entries.length} tensors, but the limit is ${MAX_SAFETENSORS_TENSORS}`);
  }
  const ranges: { name: string; begin: number; end: number }[] = [];
  const tensors: SizedTensor[] = [];
  for (const [name, value] of entries) {
    if (name === METADATA_KEY) continue;
    const field = `tensor ${cutText(name, 200)}`;
    const { dtype, shape, data_offsets } = isObject(value) ? value : fail(field, "is not a JSON object");
    const bits = typeof dtype === "string" ? BITS_BY_TYPE[dtype] : undefined;
    if (bits === undefined) fail(field, `has the unknown dtype ${cutText(JSON.stringify(dtype) ?? "", 40)}`);
    if (!Array.isArray(shape) || shape.length > MAX_DIMENSIONS || !shape.every(isCount)) {
      fail(field, `has a shape that is not a list of up to ${MAX_DIMENSIONS} lengths`);
    }
    const elements = (shape as number[]).reduce((product, length) => product * length, 1);
    const bytes = (elements * (bits ?? 0)) / 8;
    if (!Number.isSafeInteger(elements) || !Number.isSafeInteger(bytes)) {
      fail(field, "has a shape that is too large or does not fill whole bytes");
    }
    if (!Array.isArray(data_offsets) || data_offsets.length !== 2 || !data_offsets.every(isCount)) {
      fail(field, "has data_offsets that are not a pair of offsets");
    }
    const [begin, end] = data_offsets as [number, number];
    if (end - begin !== bytes) fail(field, `has data from ${begin} to ${end}, but needs ${bytes} bytes`);
    ranges.push({ name, begin, end });
    tensors.push({ name, type: String(dtype).toLowerCase(), elements, bytes });
  }
  let expected = 0;
  ranges.sort((one, other) => one.begin - other.begin || one.end - other.end);
  for (const { name, begin, end } of ranges) {
    if (begin !== expected) {
      fail(`tensor ${cutText(name, 200)}`, `has the data offset ${begin}, but the previous tensor ends at ${expected}`);
    }
    expected = end;
  }
  if (expected > dataBytes) {
    fail("tensor data", `need ${expected} bytes, but the file has only ${dataBytes} for them`, unfinished);
  }
  if (expected < dataBytes) fail("tensor data", `need ${expected} bytes, but the file has ${dataBytes} for them`);
  return tensors;
}

/** Parses a JSON object in UTF-8; null for anything else. V8 parses any nesting depth without a stack overflow. */
export function parseObject(encoded: Uint8Array): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(encoded));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
