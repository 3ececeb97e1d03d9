import { FleetError } from "../fleet-error.js";
import type { BundleHead } from "./bundle-manifest.js";
import { MAX_HEAD_BYTES, parseHead } from "./parse-head.js";
import { type OpenFile, readBytes } from "./read-bytes.js";

/** Bytes that are read first. Most manifests are shorter. */
const FIRST_READ_BYTES = 64 * 1024;

/** Reads the lines before the files of a bundle. Throws `FleetError` (`bundle-malformed`, `bundle-unreadable`). */
export async function readHead(file: OpenFile): Promise<BundleHead> {
  const status = await file.stat();
  if (!status.isFile()) {
    throw new FleetError({
      code: "bundle-unreadable",
      message: "The bundle cannot be read.",
      reason: "It is not a regular file.",
      hint: "Pass the file that nanoagent bundle create wrote.",
    });
  }
  const size = Number(status.size);
  for (let wanted = FIRST_READ_BYTES; ; wanted *= 2) {
    const bytes = new Uint8Array(Math.min(wanted, MAX_HEAD_BYTES, size));
    const read = await readBytes(file, bytes, 0);
    // A file that became shorter in the meantime is whole at its new size.
    const head = parseHead(bytes.subarray(0, read), read < bytes.length ? read : size);
    if (head !== null) return head;
  }
}
