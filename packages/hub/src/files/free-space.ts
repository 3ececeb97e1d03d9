import { statfs } from "node:fs/promises";
import path from "node:path";
import { HubError } from "../hub-error.js";

/** Space that stays free for the rest of the system. */
const RESERVED_BYTES = 16_777_216;

/**
 * Returns the free space of the disk that a folder is on, or will be on, in bytes; null if the platform does not report
 * it.
 */
async function freeBytes(folder: string): Promise<number | null> {
  for (let existing = folder; ; existing = path.dirname(existing)) {
    try {
      const { bavail, bsize, blocks } = await statfs(existing);
      // Some network file systems report zero for everything.
      return blocks === 0 ? null : bavail * bsize;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT" || path.dirname(existing) === existing) return null;
    }
  }
}

/** Throws a `HubError` with code `disk-too-small` if a folder's disk has less space than `bytes` and a small reserve. */
export async function requireSpace(
  folder: string,
  bytes: number,
  purpose: string,
  hint = "Free space with nanoagent models prune, or remove models with nanoagent models rm NAME.",
): Promise<void> {
  const free = await freeBytes(folder);
  if (free === null || free >= bytes + RESERVED_BYTES) return;
  throw new HubError({
    code: "disk-too-small",
    message: `The disk has too little space for ${purpose}.`,
    // The need is rounded up and the free space down, so that the figures never contradict the refusal.
    reason: `It needs ${megabytes(bytes, Math.ceil)} MB, and ${megabytes(RESERVED_BYTES, Math.ceil)} MB stay free. The disk of ${folder} has ${megabytes(free, Math.floor)} MB.`,
    hint,
  });
}

/** Formats bytes in units of 2^20, like the tables: with one decimal below 10. */
function megabytes(bytes: number, round: (value: number) => number): string {
  const value = bytes / 2 ** 20;
  return String(value < 10 ? round(value * 10) / 10 : round(value));
}
