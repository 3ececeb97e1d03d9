import { type BundleSignature, FIRST_LINE } from "./bundle-manifest.js";

/** Returns the lines before the files of a bundle. */
export function writeHead(manifestBytes: Uint8Array, signatures: readonly BundleSignature[]): Uint8Array {
  return Buffer.concat([Buffer.from(FIRST_LINE), manifestBytes, Buffer.from(`\n${JSON.stringify(signatures)}\n`)]);
}
