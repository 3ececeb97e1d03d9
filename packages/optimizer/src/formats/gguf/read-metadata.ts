import type { ModelFileCursor } from "../model-file-cursor.js";
import {
  MAX_ARRAY_LENGTH,
  MAX_CHAT_TEMPLATE_BYTES,
  MAX_KEPT_TEXT_BYTES,
  MAX_KEY_BYTES,
  MAX_LAYERS,
  MAX_NAMED_TEMPLATES,
  MAX_TEXT_ARRAY_LENGTH,
} from "./gguf-limits.js";
import { type GgufEntry, GgufMetadata } from "./gguf-metadata.js";
import { bytesOfValueType, type ValueTypeName, valueTypeWithId } from "./gguf-value-types.js";
import { takeName } from "./take-name.js";

export const CHAT_TEMPLATE_KEY = "tokenizer.chat_template";

/** Prefix of the keys of named templates. */
export const NAMED_TEMPLATE_PREFIX = `${CHAT_TEMPLATE_KEY}.`;

const CHATTY_TEMPLATE_HINT = "A real chat template is much smaller. Check the source of this file.";

/**
 * Reads the metadata entries at the cursor into `metadata`. Arrays of texts and long arrays are counted and skipped. After
 * an error, `metadata` has the entries before it.
 */
export async function readMetadata(
  cursor: ModelFileCursor,
  count: number,
  metadata = new GgufMetadata(cursor.path),
): Promise<GgufMetadata> {
  let templates = 0;
  for (let index = 0; index < count; index++) {
    const offset = cursor.offset;
    const key = await takeName(cursor, `key ${index + 1} of ${count}`, MAX_KEY_BYTES);
    if (key === "") cursor.fail(`key ${index + 1} of ${count}`, "is empty", { offset });
    if (metadata.has(key)) cursor.fail(key, "occurs twice", { offset });
    if (key.startsWith(NAMED_TEMPLATE_PREFIX) && ++templates > MAX_NAMED_TEMPLATES) {
      cursor.fail(key, `is template number ${templates}, but the limit is ${MAX_NAMED_TEMPLATES}`, { offset });
    }
    metadata.set(key, await readEntry(cursor, key));
  }
  return metadata;
}

async function readEntry(cursor: ModelFileCursor, key: string): Promise<GgufEntry> {
  const type = await takeValueType(cursor, key);
  const offset = cursor.offset;
  if (type === "array") return readArray(cursor, key);
  if (type === "text") return { offset, type, value: await takeText(cursor, key) };
  await cursor.need(bytesOfValueType(type) ?? 0, key);
  return { offset, type, value: takeScalar(cursor, type) };
}

/** Key of the author's tags. */
const TAGS_KEY = "general.tags";
/** Most tags that are kept. */
const MAX_TAGS = 64;

async function readArray(cursor: ModelFileCursor, key: string): Promise<GgufEntry> {
  const offset = cursor.offset;
  const elementType = await takeValueType(cursor, key);
  if (elementType === "array") cursor.fail(key, "is an array of arrays, which the format does not have", { offset });
  await cursor.need(8, key);
  const length = cursor.takeLength();
  const elementBytes = bytesOfValueType(elementType);
  const atLeast = elementBytes ?? 8;
  if (length > MAX_ARRAY_LENGTH || length * atLeast > cursor.remaining) {
    const problem = `is an array of ${describeLength(length)} values, more than the file can contain`;
    if (length > MAX_ARRAY_LENGTH) cursor.fail(key, problem, { offset });
    cursor.failCutOff(key, problem, offset);
  }
  if (elementBytes === null) {
    const kept: string[] = [];
    const keptCount = key === TAGS_KEY ? Math.min(length, MAX_TAGS) : 0;
    for (let taken = 0; taken < keptCount; taken++) kept.push((await takeText(cursor, key)) ?? "");
    await skipTexts(cursor, key, length - keptCount, offset);
    if (key === TAGS_KEY) return { offset, type: "array", elementType, length, values: kept };
    return { offset, type: "array", elementType, length, values: null };
  }
  if (length > MAX_LAYERS) {
    cursor.skip(length * elementBytes, key);
    return { offset, type: "array", elementType, length, values: null };
  }
  await cursor.need(length * elementBytes, key);
  const values = Array.from({ length }, () => takeScalar(cursor, elementType));
  return { offset, type: "array", elementType, length, values };
}

async function skipTexts(cursor: ModelFileCursor, key: string, count: number, offset: number): Promise<void> {
  if (count > MAX_TEXT_ARRAY_LENGTH) {
    cursor.fail(key, `is an array of ${count} texts, but the limit is ${MAX_TEXT_ARRAY_LENGTH}`, { offset });
  }
  let skipped = 0;
  while (skipped < count) {
    skipped += cursor.skipTextsInWindow(count - skipped);
    if (skipped === count) break;
    // The next text is not completely in the window.
    await cursor.need(8, key);
    const bytes = cursor.takeLength();
    if (bytes > cursor.remaining) cursor.failTruncated(`text ${skipped + 1} of ${key}`);
    cursor.skip(bytes, key);
    skipped++;
  }
}

/** Takes a text. Returns null if it is too long to be kept. */
async function takeText(cursor: ModelFileCursor, key: string): Promise<string | null> {
  const offset = cursor.offset;
  await cursor.need(8, key);
  const bytes = cursor.takeLength();
  if (bytes > cursor.remaining) cursor.failTruncated(key);
  const isTemplate = key === CHAT_TEMPLATE_KEY || key.startsWith(NAMED_TEMPLATE_PREFIX);
  if (isTemplate && bytes > MAX_CHAT_TEMPLATE_BYTES) {
    const problem = `has ${bytes} bytes, but the limit is ${MAX_CHAT_TEMPLATE_BYTES}`;
    cursor.fail(key, problem, { offset, hint: CHATTY_TEMPLATE_HINT });
  }
  if (!isTemplate && bytes > MAX_KEPT_TEXT_BYTES) {
    cursor.skip(bytes, key);
    return null;
  }
  return new TextDecoder().decode(await cursor.takeBytes(bytes, key));
}

async function takeValueType(cursor: ModelFileCursor, key: string): Promise<ValueTypeName> {
  const offset = cursor.offset;
  await cursor.need(4, key);
  const id = cursor.takeUint32();
  return valueTypeWithId(id) ?? cursor.fail(key, `has the unknown type ${id}`, { offset });
}

function takeScalar(cursor: ModelFileCursor, type: ValueTypeName): number | bigint | boolean {
  switch (type) {
    case "uint8":
      return cursor.takeUint8();
    case "int8":
      return cursor.takeInt8();
    case "uint16":
      return cursor.takeUint16();
    case "int16":
      return cursor.takeInt16();
    case "uint32":
      return cursor.takeUint32();
    case "int32":
      return cursor.takeInt32();
    case "float32":
      return cursor.takeFloat32();
    case "float64":
      return cursor.takeFloat64();
    case "uint64":
      return cursor.takeUint64();
    case "int64":
      return cursor.takeInt64();
    case "bool":
      return cursor.takeUint8() !== 0;
    case "text":
    case "array":
      throw new TypeError(`${type} is not a scalar type`);
  }
}

function describeLength(length: number): string {
  return Number.isFinite(length) ? String(length) : `over ${Number.MAX_SAFE_INTEGER}`;
}
