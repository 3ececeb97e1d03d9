import { lstat } from "node:fs/promises";
import os from "node:os";
import { readLock } from "../files/lock-record.js";
import { isRunning } from "../files/process-identity.js";
import { type WalkBudget, walkFolder } from "../files/walk-folder.js";

/** Endings of files that a download or an import leaves when it is interrupted. */
const PARTIAL = /^(.+)\.nanoagent-(part|blocks|lock(?:\.[\w.-]+)?)$/s;
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
    found.push({ target, files, mtimeMs, isLive: await isLive(target, files, mtimeMs, now) });
  }
  return found;
}

/** Whether a program seems to be writing to a partial file. */
async function isLive(
  target: string,
  files: readonly { path: string }[],
  mtimeMs: number,
  now: number,
): Promise<boolean> {
  const has = (ending: string) => files.some(({ path }) => path === `${target}.nanoagent-${ending}`);
  // A download that ended by itself, or by Ctrl-C, leaves its list of blocks without a lock.
  if (has("blocks") && !has("lock")) return false;
  const held = has("lock") ? await isHeld(`${target}.nanoagent-lock`) : null;
  // A time in the future is that of another clock.
  return held ?? Math.abs(now - mtimeMs) <= QUIET_MILLISECONDS;
}

/**
 * Whether a lock names a process of this machine that still runs, such as one that was suspended. Null if this machine
 * cannot tell: a process of another one, or a file that is not a lock.
 */
async function isHeld(file: string): Promise<boolean | null> {
  const record = (await readLock(file).catch(() => null))?.record ?? null;
  if (record === null) return null;
  const isAlive = isRunning(record);
  if (isAlive !== "unknown") return isAlive;
  // Where the system does not tell processes with the same id apart, the id decides.
  return record.place === null && record.host === os.hostname() ? true : null;
}
