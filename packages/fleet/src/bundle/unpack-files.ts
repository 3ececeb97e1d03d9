import type { FileHandle } from "node:fs/promises";
import type { BundleHead } from "./bundle-manifest.js";

/**
 * Writes the files of a bundle into a new folder, and compares sizes and hashes. Files and folders are synced to disk. Throws
 * `FleetError` (`bundle-malformed`, `bundle-unreadable`), or the system's error where the folder cannot be written; the folder then
 * stays as far as it got.
 */
export async function unpackFiles(
  _file: FileHandle,
  _head: BundleHead,
  _folder: string,
  _signal?: AbortSignal,
): Promise<void> {
  throw new Error("not written yet");
}
