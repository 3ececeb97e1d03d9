import type { FileHandle } from "node:fs/promises";
import type { BundleHead } from "./bundle-manifest.js";

/** Reads the lines before the files of a bundle. Throws `FleetError` (`bundle-malformed`, `bundle-unreadable`). */
export async function readHead(_file: FileHandle): Promise<BundleHead> {
  throw new Error("not written yet");
}
