import { constants } from "node:fs";
import { lstat, open } from "node:fs/promises";
import type { ProcessIdentity } from "./process-identity.js";

const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
const MAX_RECORD_BYTES = 2048;

/** Contents of a lock file: the process that downloads, and the file that it downloads. */
export interface LockRecord extends ProcessIdentity {
  /** Unique among all locks. */
  id: string;
  sha256: string | null;
  gitSha1: string | null;
}

/** A lock file as it was found. */
export interface FoundLock {
  /** Unique among all locks and all files in the place of one. */
  id: string;
  /** Null for a file that is not a lock. */
  record: LockRecord | null;
  /** Time of the last sign of life, in milliseconds since 1970. */
  mtimeMs: number;
}

/** Reads a lock file. Returns null if nothing has its name. Rejects for a folder. */
export async function readLock(file: string): Promise<FoundLock | null> {
  const status = await lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (status === null) return null;
  if (status.isDirectory()) throw Object.assign(new Error(`EISDIR: ${file} is a folder`), { code: "EISDIR" });
  const text = status.isFile() && status.size <= MAX_RECORD_BYTES ? await readText(file) : "";
  const record = parseRecord(text);
  const { mtimeMs } = status;
  return { id: record?.id ?? `other-${status.ino}-${Math.round(mtimeMs)}`, record, mtimeMs };
}

function parseRecord(text: string): LockRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { pid, host, place, started, id, sha256, gitSha1 } = value as Record<string, unknown>;
  const isRecord =
    Number.isSafeInteger(pid) && (pid as number) > 0 && typeof host === "string" && /^[0-9a-f-]{36}$/.test(String(id));
  if (!isRecord || ![place, started, sha256, gitSha1].every((text) => text === null || typeof text === "string")) {
    return null;
  }
  return { pid, host, place, started, id, sha256, gitSha1 } as LockRecord;
}

async function readText(file: string): Promise<string> {
  const handle = await open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => null);
  if (handle === null) return "";
  try {
    const buffer = Buffer.alloc(MAX_RECORD_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } catch {
    return "";
  } finally {
    await handle.close();
  }
}
