import { lstat } from "node:fs/promises";
import os from "node:os";
import { readLock } from "../files/lock-record.js";
import { isRunning } from "../files/process-identity.js";
import { type WalkBudget, walkFolder } from "../files/walk-folder.js";

/** Endings of files that a download or an import leaves when it is interrupted. */
const PARTIAL = /^(.+)\.nanoagent-(part|blocks|lock)$/s;
/** Age of a file that nothing writes to. A running download touches its lock every few seconds. */
export const QUIET_MILLISECONDS = 60_000;

/** Files of one interrupted or running download. */
export interface PartialDownload {
  /** Path of the finished file. */
  target: string;
  files: readonly { path: string; bytes: number }[];
  /** Time of the last change, in milliseconds since 1970. */
  mtimeMs: number;
  /** Whether a program seems to be writing to it. */
  isLive: boolean;
}

/** Finds the partial files below a folder. */
export async function findPartialDownloads(
  folder: string,
  depth: number,
  budget: WalkBudget,
  now: number = Date.now(),
): Promise<PartialDownload[]> {
  const targets = new Map<string, { path: string; bytes: number; mtimeMs: number }[]>();
  for (const { path } of await walkFolder(folder, depth, budget)) {
    const target = PARTIAL.exec(path)?.[1];
    const status = target === undefined ? null : await lstat(path).catch(() => null);
    if (target === undefined || status === null) continue;
    const file = { path, bytes: status.isFile() ? status.size : 0, mtimeMs: status.mtimeMs };
    targets.set(target, [...(targets.get(target) ?? []), file]);
  }
  const found: PartialDownload[] = [];
  for (const [target, files] of targets) {
    const mtimeMs = Math.max(...files.map(({ mtimeMs }) => mtimeMs));
    // A time in the future is that of another clock.
    const isQuiet = Math.abs(now - mtimeMs) > QUIET_MILLISECONDS;
    const isLive = !isQuiet || (await isHeld(`${target}.nanoagent-lock`));
    found.push({ target, files, mtimeMs, isLive });
  }
  return found;
}

/** Whether a lock names a process of this machine that still runs, such as one that was suspended. */
async function isHeld(file: string): Promise<boolean> {
  const record = (await readLock(file).catch(() => null))?.record ?? null;
  if (record === null) return false;
  const isAlive = isRunning(record);
  // Where the system does not tell processes with the same id apart, the id decides.
  return isAlive === true || (isAlive === "unknown" && record.place === null && record.host === os.hostname());
}
