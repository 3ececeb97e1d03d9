import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { BundleFile, BundleHead } from "./bundle-manifest.js";
import { shown } from "./check-fields.js";
import { malformed } from "./malformed.js";
import { readBytes } from "./read-bytes.js";

/** Memory that the contents of a bundle are read into, piece by piece. */
const BUFFER_BYTES = 256 * 1024;

/** Takes the contents of a bundle. The bytes are only valid until the promise resolves. */
export interface ContentSink {
  begin?(file: BundleFile): Promise<void>;
  write(bytes: Uint8Array): Promise<void>;
  /** The file's hash is right. */
  end?(file: BundleFile): Promise<void>;
}

/**
 * Reads the files of a bundle in their order, and compares their hashes. Its memory does not depend on their sizes. Throws
 * `FleetError` (`bundle-malformed`) at the first file that differs.
 */
export async function readContents(
  file: FileHandle,
  { manifest, headBytes }: BundleHead,
  { sink, signal }: { sink?: ContentSink | undefined; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  let position = headBytes;
  for (const entry of manifest.files) {
    signal?.throwIfAborted();
    await sink?.begin?.(entry);
    const hash = createHash("sha256");
    for (let left = entry.size; left > 0; ) {
      signal?.throwIfAborted();
      const wanted = buffer.subarray(0, Math.min(left, buffer.length));
      const read = await readBytes(file, wanted, position);
      if (read < wanted.length) throw malformed(`It ends in the file ${shown(entry.path)}.`);
      hash.update(wanted);
      await sink?.write(wanted);
      position += read;
      left -= read;
    }
    if (hash.digest("hex") !== entry.sha256)
      throw malformed(`The file ${shown(entry.path)} is damaged: its SHA-256 differs.`);
    await sink?.end?.(entry);
  }
}
