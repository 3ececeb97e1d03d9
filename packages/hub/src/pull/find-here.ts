import { stat } from "node:fs/promises";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { hashFile } from "../files/hash-file.js";
import type { RemoteFile } from "../sources/remote-model.js";
import { fileStamps } from "../store/model-stamp.js";
import { readStamps } from "../store/stamps.js";

/** A file that is already on this device. */
export interface FileHere {
  bytes: number;
  sha256: string;
  /** Whether its contents are those of the source. Without a hash at the source: whether its size is the same. */
  isRight: boolean;
}

/**
 * Looks for a file at its blob's path and at its final path. A file whose hash was recorded is not hashed again unless
 * its size or time has changed. Returns null if neither exists.
 */
export async function findHere(
  file: RemoteFile,
  { blob, path }: { blob: string; path: string },
  { environment, signal }: { environment: Pick<HubEnvironment, "stampsFile">; signal: AbortSignal | undefined },
): Promise<FileHere | null> {
  const place = (await isFile(blob)) ? blob : path;
  const status = await stat(place).catch(() => null);
  if (!status?.isFile()) return null;
  const { size: bytes, mtimeMs } = status;
  if (file.bytes !== null && file.bytes !== bytes) return { bytes, sha256: "", isRight: false };
  const { stamps } = await readStamps(environment);
  const stamp = stamps.flatMap(fileStamps).find((known) => known.path === path);
  if (stamp !== undefined && stamp.bytes === bytes && stamp.mtime_ms === mtimeMs && file.gitSha1 === null) {
    return { bytes, sha256: stamp.sha256, isRight: file.sha256 === null || file.sha256 === stamp.sha256 };
  }
  const { sha256, gitSha1 } = await hashFile(place, { withGitSha1: file.gitSha1 !== null, signal });
  const isRight = file.sha256 === null ? file.gitSha1 === null || gitSha1 === file.gitSha1 : sha256 === file.sha256;
  return { bytes, sha256, isRight };
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() === true;
}
