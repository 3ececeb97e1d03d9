import type { ModelFileCursor } from "../model-file-cursor.js";

/**
 * Takes the name of a key or tensor at the cursor. It must be UTF-8 without NUL: ggml ends a name at the first NUL, so
 * it could treat two different names as equal.
 */
export async function takeName(cursor: ModelFileCursor, field: string, maxBytes: number): Promise<string> {
  const offset = cursor.offset;
  await cursor.need(8, field);
  const bytes = cursor.takeLength();
  if (bytes > cursor.remaining) cursor.failTruncated(field);
  if (bytes > maxBytes) cursor.fail(field, `has a name of ${bytes} bytes, more than ${maxBytes}`, { offset });
  const encoded = await cursor.takeBytes(bytes, field);
  if (encoded.includes(0)) cursor.fail(field, "has a name that contains NUL", { offset });
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(encoded);
  } catch {
    return cursor.fail(field, "has a name that is not UTF-8", { offset });
  }
}
