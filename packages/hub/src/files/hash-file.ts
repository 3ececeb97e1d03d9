import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";

const { O_RDONLY, O_NONBLOCK = 0 } = constants;
/** Size of the one buffer that all reads use. Larger ones do not read faster. */
const BUFFER_BYTES = 1_048_576;

export interface FileHash {
  bytes: number;
  /** 64 hex digits in lower case. */
  sha256: string;
  /** SHA-1 of the contents as a git blob; null if it was not asked for. */
  gitSha1: string | null;
  /** Time of the last change, in milliseconds since 1970. */
  mtimeMs: number;
}

export interface HashFileOptions {
  /** Whether the git blob's SHA-1 is computed too. Default: false. */
  withGitSha1?: boolean | undefined;
  /** Called with the number of bytes of each piece. */
  onBytes?: ((bytes: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Returns the hash of a whole file. Memory: 1 MiB. Rejects with the signal's reason when it aborts, and with an `EBUSY`
 * error if the file changes meanwhile.
 */
export async function hashFile(
  file: string,
  { withGitSha1 = false, onBytes, signal }: HashFileOptions = {},
): Promise<FileHash> {
  signal?.throwIfAborted();
  const handle = await open(file, O_RDONLY | O_NONBLOCK);
  try {
    const before = await handle.stat();
    if (!before.isFile()) throw Object.assign(new Error(`EINVAL: ${file} is not a file`), { code: "EINVAL" });
    const sha256 = createHash("sha256");
    const gitSha1 = withGitSha1 ? createHash("sha1").update(`blob ${before.size}\0`) : null;
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(BUFFER_BYTES, before.size)));
    let bytes = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, bytes);
      signal?.throwIfAborted();
      if (bytesRead === 0) break;
      const piece = buffer.subarray(0, bytesRead);
      sha256.update(piece);
      gitSha1?.update(piece);
      bytes += bytesRead;
      onBytes?.(bytesRead);
    }
    const after = await handle.stat();
    if (bytes !== before.size || after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
      throw Object.assign(new Error(`EBUSY: ${file} changed while it was read`), { code: "EBUSY" });
    }
    return {
      bytes,
      sha256: sha256.digest("hex"),
      gitSha1: gitSha1?.digest("hex") ?? null,
      mtimeMs: after.mtimeMs,
    };
  } finally {
    await handle.close();
  }
}
