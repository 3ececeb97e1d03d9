import { createHash } from "node:crypto";
import { type BundleHead, FIRST_LINE, MAX_MANIFEST_BYTES, MAX_SIGNATURES_BYTES } from "./bundle-manifest.js";
import { malformed, tooNew } from "./malformed.js";
import { parseJson } from "./parse-json.js";
import { parseManifest } from "./parse-manifest.js";
import { parseSignatures } from "./parse-signatures.js";

const NEWLINE = 0x0a;
const FIRST_BYTES: Uint8Array = Buffer.from(FIRST_LINE);

/** Most bytes before the first file. */
export const MAX_HEAD_BYTES = FIRST_LINE.length + MAX_MANIFEST_BYTES + 1 + MAX_SIGNATURES_BYTES + 1;

/**
 * Returns the lines before the files of a bundle, or null if more bytes than `bytes` are needed. `totalBytes` is the size of the
 * whole bundle. Throws `FleetError` (`bundle-malformed`).
 */
export function parseHead(bytes: Uint8Array, totalBytes: number): BundleHead | null {
  if (!startsAsBundle(bytes)) throw isLaterFormat(bytes) ? tooNew() : malformed("It does not begin as a bundle does.");
  const isWhole = bytes.length >= totalBytes;
  if (bytes.length < FIRST_BYTES.length) {
    if (isWhole) throw malformed("It ends in its first line.");
    return null;
  }
  const manifestEnd = endOfLine(bytes, FIRST_BYTES.length, MAX_MANIFEST_BYTES, "manifest", isWhole);
  if (manifestEnd === null) return null;
  const signaturesStart = manifestEnd + 1;
  const signaturesEnd = endOfLine(bytes, signaturesStart, MAX_SIGNATURES_BYTES, "line of signatures", isWhole);
  if (signaturesEnd === null) return null;
  // A copy: the caller may use its memory for something else.
  const manifestBytes = Uint8Array.from(bytes.subarray(FIRST_BYTES.length, manifestEnd));
  const manifest = parseManifest(manifestBytes);
  const signatures = parseSignatures(parseJson(bytes.subarray(signaturesStart, signaturesEnd), "line of signatures"));
  const headBytes = signaturesEnd + 1;
  checkSize(headBytes + manifest.files.reduce((sum, { size }) => sum + size, 0), totalBytes);
  const manifestSha256 = createHash("sha256").update(manifestBytes).digest("hex");
  return { manifest, manifestBytes, manifestSha256, signatures, headBytes, totalBytes };
}

function checkSize(expectedBytes: number, totalBytes: number): void {
  if (totalBytes === expectedBytes) return;
  const how = totalBytes < expectedBytes ? "It is incomplete" : "Something follows its last file";
  throw malformed(`${how}: it has ${totalBytes} bytes instead of ${expectedBytes}.`);
}

/** Returns the place of the newline that ends a line, or null if it is not among the bytes yet. */
function endOfLine(bytes: Uint8Array, start: number, most: number, name: string, isWhole: boolean): number | null {
  const end = bytes.subarray(start, start + most + 1).indexOf(NEWLINE);
  if (end !== -1) return start + end;
  if (bytes.length - start > most) throw malformed(`Its ${name} has more than ${most} bytes.`);
  if (isWhole) throw malformed(`It ends in its ${name}.`);
  return null;
}

function startsAsBundle(bytes: Uint8Array): boolean {
  return bytes.subarray(0, FIRST_BYTES.length).every((byte, index) => byte === FIRST_BYTES[index]);
}

function isLaterFormat(bytes: Uint8Array): boolean {
  return /^nanoagent-bundle (?:[2-9]|[1-9]\d+)\n/.test(Buffer.from(bytes.subarray(0, 40)).toString("latin1"));
}
