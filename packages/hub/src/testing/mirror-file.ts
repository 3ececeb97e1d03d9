import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

/** A file of a mirror, with its hashes. */
export interface MirrorFile {
  path: string;
  bytes: number;
  sha256: string;
  /** SHA-1 of the git blob of the contents. */
  gitSha1: string;
  /** Contents, or the path of a file with them. */
  contents: Uint8Array | string;
}

export async function readMirrorFile(path: string, contents: Uint8Array | string): Promise<MirrorFile> {
  const bytes = typeof contents === "string" ? (await stat(contents)).size : contents.length;
  const sha256 = createHash("sha256");
  const gitSha1 = createHash("sha1").update(`blob ${bytes}\0`);
  for await (const chunk of partsOf(contents, 0, bytes)) {
    sha256.update(chunk);
    gitSha1.update(chunk);
  }
  return { path, bytes, sha256: sha256.digest("hex"), gitSha1: gitSha1.digest("hex"), contents };
}

/** Reads the bytes from `start` up to `end` in parts of at most 64 KiB. */
export async function* partsOf(contents: Uint8Array | string, start: number, end: number): AsyncGenerator<Uint8Array> {
  const partBytes = 64 * 1024;
  if (start >= end) return;
  if (typeof contents === "string") {
    yield* createReadStream(contents, { start, end: end - 1, highWaterMark: partBytes });
    return;
  }
  for (let at = start; at < end; at += partBytes) yield contents.subarray(at, Math.min(at + partBytes, end));
}

/** Returns the text that git stores for a file of LFS. */
export function pointerText(file: MirrorFile): string {
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${file.sha256}\nsize ${file.bytes}\n`;
}
