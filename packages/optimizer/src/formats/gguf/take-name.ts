import type { ModelFileCursor } from "../model-file-cursor.js";

/**
 * The name that the cursor stands before: a key, or the name of a tensor. It must be UTF-8 without a NUL: ggml ends a
 * name at the first one, so two names could be one to it that are two to us.
 */
export async function takeName(cursor: ModelFileCursor, field: string, maxBytes: number): Promise<string> {
  const offset = cursor.offset;
  await cursor.need(8, field);
  const bytes = cursor.takeLength();
  if (bytes > cursor.remaining) cursor.failTruncated(field);
  if (bytes > maxBytes) cursor.fail(field, `has a name of ${bytes} bytes, more than ${maxBytes}`, { offset });
  const encoded = await cursor.takeBytes(bytes, field);
  if (encoded.includes(0)) cursor.fail(field, "has a name with a NUL in it", { offset });
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(encoded);
  } catch {
    return cursor.fail(field, "has a name that is not UTF-8", { offset });
  }
}
