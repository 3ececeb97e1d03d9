import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";
import type { BundleFile } from "../bundle/bundle-manifest.js";
import { shown } from "../bundle/check-fields.js";
import { readBytes } from "../bundle/read-bytes.js";

/** Memory that the files are read into, piece by piece. */
const BUFFER_BYTES = 256 * 1024;
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

/**
 * Compares the files of a release with the sizes and hashes of its manifest. Returns a sentence about the first one that differs,
 * or null. Other files are not damage, since tools may write some.
 */
export async function findDamage(
  folder: string,
  files: readonly BundleFile[],
  signal: AbortSignal,
): Promise<string | null> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (const file of files) {
    signal.throwIfAborted();
    const problem = await problemOf(path.join(folder, file.path), file, buffer);
    if (problem !== null) return `Its file ${shown(file.path)} ${problem}.`;
  }
  return null;
}

async function problemOf(place: string, { size, sha256 }: BundleFile, buffer: Uint8Array): Promise<string | null> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const status = await handle.stat();
    if (!status.isFile()) return "is not a regular file";
    if (status.size !== size) return `has ${status.size} bytes instead of ${size}`;
    const hash = createHash("sha256");
    for (let position = 0; position < size; ) {
      const read = await readBytes(handle, buffer.subarray(0, Math.min(buffer.length, size - position)), position);
      if (read === 0) break;
      hash.update(buffer.subarray(0, read));
      position += read;
    }
    return hash.digest("hex") === sha256 ? null : "has other content than in the bundle";
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code !== "string") throw error;
    if (code === "ENOENT" || code === "ENOTDIR") return "is missing";
    if (code === "ELOOP" || code === "ENXIO") return "is not a regular file";
    return `cannot be read (${code})`;
  } finally {
    await handle?.close();
  }
}
