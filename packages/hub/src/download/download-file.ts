import { stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { hashFile } from "../files/hash-file.js";
import type { LockRecord } from "../files/lock-record.js";
import { makeFolder } from "../files/make-folder.js";
import { storeUnusable } from "../files/store-unusable.js";
import { HubError } from "../hub-error.js";
import type { HttpClient } from "../network/http-client.js";
import type { RemoteFile } from "../sources/remote-model.js";
import { DownloadLock, LOCK_TIMES, type LockTimes } from "./download-lock.js";
import { PartialFile, partialPath } from "./partial-file.js";
import { InterruptedTransfer, transfer } from "./transfer.js";

interface DownloadProgress {
  /** Bytes that are here, including those of an earlier run. */
  receivedBytes: number;
  /** Size of the file; null while it is unknown. */
  totalBytes: number | null;
}

export interface DownloadOptions {
  client: HttpClient;
  signal?: AbortSignal | undefined;
  /** Called often; the caller limits how often it shows something. */
  onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Called with the number of bytes that will be saved, before the first is. It rejects if they do not fit. */
  freeSpaceCheck?: ((bytes: number) => Promise<void>) | undefined;
  /**
   * Returns the error for contents with another hash, where the source did not state the hash itself. Such a file is not
   * downloaded a second time.
   */
  wrongContents?: ((sha256: string) => Error) | undefined;
  timeouts?:
    | (Partial<LockTimes> & {
        /** Time without a byte after which a connection is replaced. Default: 30,000. */
        stallMilliseconds?: number;
        /** Seconds before each new request while no bytes arrive. Default: 0.5, 1, 2, 4, 8, 15, 30. */
        waits?: readonly number[];
      })
    | undefined;
}

/** A file that was downloaded and verified. */
export interface DownloadResult {
  path: string;
  bytes: number;
  sha256: string;
  /** Bytes that this call received, including those that had to be received again. */
  downloadedBytes: number;
  /** Whether another call or process downloaded the file meanwhile. */
  isShared: boolean;
  /** Hash of the source that the contents were compared with. */
  isVerified: "sha256" | "git-sha1" | "none";
}

/** Bytes that count as progress. With less, the number of new requests is limited. */
const PROGRESS_BYTES = 16 * 1024;

/**
 * Downloads a file to `target`, which is replaced at once when the contents are complete and have the right hash.
 *
 * - A download that was interrupted continues, also after the process was killed: at most 8 MiB are received again.
 * - Two downloads of one target share one: the second waits and takes over if the first dies.
 * - Rejects with a `HubError`, or with the signal's reason. The partial file is kept, except when its hash is wrong.
 */
export async function downloadFile(
  file: RemoteFile,
  target: string,
  options: DownloadOptions,
): Promise<DownloadResult> {
  const { signal, onProgress = () => {} } = options;
  const times = { ...LOCK_TIMES, ...options.timeouts };
  signal?.throwIfAborted();
  const folder = path.dirname(target);
  await makeFolder(folder).catch((error) => {
    throw storeUnusable(`Cannot create the folder ${folder}.`, target, error);
  });
  const before = await markOf(target);
  const { lock, waitedFor } = await DownloadLock.acquire(target, file, {
    signal,
    times,
    onWait: async () => {
      const partial = await stat(partialPath(target)).catch(() => null);
      if (partial !== null) onProgress({ receivedBytes: partial.size, totalBytes: file.bytes });
    },
  });
  try {
    const now = await markOf(target);
    if (now !== null && now !== before && waitedFor.some((record) => isSameFile(record, file))) {
      const { size: bytes } = await stat(target);
      onProgress({ receivedBytes: bytes, totalBytes: bytes });
      const sha256 = file.sha256 ?? (await hashFile(target, { signal })).sha256;
      return { path: target, bytes, sha256, downloadedBytes: 0, isShared: true, isVerified: verification(file) };
    }
    return await download(file, target, lock, options);
  } finally {
    await lock.release();
  }
}

async function download(
  file: RemoteFile,
  target: string,
  lock: DownloadLock,
  options: DownloadOptions,
): Promise<DownloadResult> {
  const { onProgress = () => {} } = options;
  const signal = options.signal === undefined ? lock.lost : AbortSignal.any([options.signal, lock.lost]);
  let downloadedBytes = 0;
  for (let isAgain = false; ; isAgain = true) {
    const partial = await PartialFile.open(target);
    try {
      const report = (receivedBytes: number) =>
        onProgress({ receivedBytes, totalBytes: partial.totalBytes ?? file.bytes });
      await partial.resume(file, report, signal);
      const resumedBytes = partial.receivedBytes;
      await receive(file, partial, { ...options, signal }, (bytes) => {
        downloadedBytes += bytes;
        report(partial.receivedBytes);
      });
      const sha256 = await partial.finish();
      const bytes = partial.receivedBytes;
      if (await isRight(file, target, sha256)) {
        await lock.check();
        await partial.publish();
        return { path: target, bytes, sha256, downloadedBytes, isShared: false, isVerified: verification(file) };
      }
      await partial.discard();
      const { wrongContents } = options;
      // The part of an earlier run may be of a file that the source has replaced since.
      if (wrongContents !== undefined && (isAgain || resumedBytes === 0)) throw wrongContents(sha256);
      if (isAgain) throw wrongHash(file, sha256);
    } finally {
      await partial.close();
    }
  }
}

/** Sends requests until the file is complete. Their number is limited while nothing arrives. */
async function receive(
  file: RemoteFile,
  partial: PartialFile,
  options: DownloadOptions & { signal: AbortSignal },
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { client, signal, freeSpaceCheck = async () => {} } = options;
  const { stallMilliseconds = 30_000, waits = [0.5, 1, 2, 4, 8, 15, 30] } = options.timeouts ?? {};
  const known = partial.totalBytes ?? file.bytes;
  if (known !== null) await freeSpaceCheck(known - partial.receivedBytes);
  let most = partial.receivedBytes;
  let hasReceived = false;
  let failures = 0;
  // A file without bytes needs a request too, which creates it.
  while (partial.identity === null || partial.receivedBytes !== partial.totalBytes) {
    try {
      await transfer(file, partial, {
        client,
        signal,
        stallMilliseconds,
        beforeSaving: known === null ? freeSpaceCheck : async () => {},
        onBytes,
      });
      partial.totalBytes = partial.receivedBytes;
    } catch (cause) {
      signal.throwIfAborted();
      if (partial.receivedBytes >= most + PROGRESS_BYTES) {
        most = partial.receivedBytes;
        hasReceived = true;
        failures = 0;
      }
      const isLost = HubError.isInstance(cause) && cause.code === "hub-unreachable" && hasReceived;
      if (!isLost && !(cause instanceof InterruptedTransfer)) throw cause;
      const seconds = waits[failures];
      failures += 1;
      if (seconds === undefined) throw interrupted(file, partial, cause);
      await wait(seconds * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

async function isRight(file: RemoteFile, target: string, sha256: string): Promise<boolean> {
  if (file.sha256 !== null) return file.sha256 === sha256;
  if (file.gitSha1 === null) return true;
  const { gitSha1 } = await hashFile(partialPath(target), { withGitSha1: true });
  return gitSha1 === file.gitSha1;
}

function verification({ sha256, gitSha1 }: RemoteFile): DownloadResult["isVerified"] {
  if (sha256 !== null) return "sha256";
  return gitSha1 === null ? "none" : "git-sha1";
}

function isSameFile(record: LockRecord, { sha256, gitSha1 }: RemoteFile): boolean {
  return record.sha256 === sha256 && record.gitSha1 === gitSha1;
}

/** Returns a text that changes when the file is replaced, or null if no file exists. */
async function markOf(file: string): Promise<string | null> {
  return stat(file, { bigint: true }).then(
    ({ ino, mtimeNs, size }) => `${ino} ${mtimeNs} ${size}`,
    () => null,
  );
}

function wrongHash(file: RemoteFile, sha256: string): HubError {
  return new HubError({
    code: "download-damaged",
    message: `${file.path} arrived damaged twice.`,
    reason:
      file.sha256 === null
        ? "Its contents do not have the hash that the source names."
        : `Its SHA-256 is ${sha256}, and the source names ${file.sha256}.`,
    hint: "Try again later, or use another mirror: export HF_ENDPOINT=https://huggingface.co",
  });
}

function interrupted(file: RemoteFile, { receivedBytes, totalBytes }: PartialFile, cause: unknown): HubError {
  return new HubError({
    code: "download-failed",
    message: `The download of ${file.path} stopped at ${receivedBytes} of ${totalBytes ?? "an unknown number of"} bytes.`,
    reason: cause instanceof Error ? cause.message : String(cause),
    hint: "Run the same command again: the download continues where it stopped.",
    cause,
  });
}
