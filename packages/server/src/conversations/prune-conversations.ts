import { lstat, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { canBeTrue, isClockSet, type SessionRetention } from "@nanoagent/models";
import { randomFolderName } from "./conversation-folder.js";

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;
const SEGMENT = /^journal-\d{16}\.jsonl$/;
/** All that a session's folder can contain. A folder with anything else is left alone. */
const SESSION_FILE = /^(?:journal-\d{16}\.jsonl(?:\.new)?|lock-[0-9a-f]{16}\.(?:socket|claim)(?:\.new)?|quarantine)$/;
/** Ending of a folder that is being removed. */
const REMOVED = ".removed";

/** A stored conversation below the folder of all. */
export interface StoredFolder {
  readonly name: string;
  readonly bytes: number;
  /** When it was last written, in milliseconds since 1970. */
  readonly usedAt: number;
}

/**
 * Returns the conversations to remove so that the rest is within these limits, the one that was used longest ago first.
 * Open ones stay, but count.
 *
 * A wrong clock removes nothing within its first day: besides being too old, a conversation must be followed by another
 * that was written when it was already too old, at least a day ago.
 */
export function chooseRemoved(
  folders: readonly StoredFolder[],
  { max_mb, max_days }: SessionRetention,
  { now, isOpen }: { now: number; isOpen: (name: string) => boolean },
): string[] {
  const oldestFirst = folders.toSorted((one, other) => one.usedAt - other.usedAt);
  const maxBytes = max_mb === undefined ? Number.POSITIVE_INFINITY : max_mb * 2 ** 20;
  const maxAge = max_days === undefined || !isClockSet(now) ? Number.POSITIVE_INFINITY : max_days * DAY_MILLISECONDS;
  const times = folders.map(({ usedAt }) => usedAt).filter((time) => canBeTrue(time, now));
  const isOld = ({ usedAt }: StoredFolder) =>
    canBeTrue(usedAt, now) &&
    now - usedAt > maxAge &&
    times.some((time) => time >= usedAt + maxAge && time <= now - DAY_MILLISECONDS);
  let bytes = folders.reduce((sum, folder) => sum + folder.bytes, 0);
  const removed: string[] = [];
  for (const folder of oldestFirst) {
    if (isOpen(folder.name) || (bytes <= maxBytes && !isOld(folder))) continue;
    removed.push(folder.name);
    bytes -= folder.bytes;
  }
  return removed;
}

export interface PruneOptions {
  /** Current time, in milliseconds since 1970. */
  readonly now: number;
  /** Whether this program uses the conversation with this name. */
  readonly isOpen: (name: string) => boolean;
  /** Gets each removal. The conversation can be opened again when it has ended. */
  readonly onRemove: (name: string, removing: Promise<unknown>) => void;
  /** Gets the names of conversations that were to be removed and stay, because a newer version of nanoagent wrote them. */
  readonly onNewer: (names: readonly string[]) => void;
}

/**
 * Removes the oldest closed conversations below a folder, see {@link chooseRemoved}. A session directly in the folder, a
 * conversation that another program uses, one of a newer format, and folders with other files are left alone. Never
 * rejects: what cannot be removed now is tried again the next time.
 */
export async function pruneConversations(
  folder: string,
  retention: SessionRetention,
  { now, isOpen, onRemove, onNewer }: PruneOptions,
): Promise<void> {
  const stored: StoredFolder[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory()) continue;
    const inside = path.join(folder, entry.name);
    if (entry.name.endsWith(REMOVED)) await rm(inside, { recursive: true, force: true }).catch(() => {});
    else {
      const found = await measure(inside, entry.name).catch(() => null);
      if (found !== null) stored.push(found);
    }
  }
  const { removed, newer } = await chooseKnown(folder, stored, (known) =>
    chooseRemoved(known, retention, { now, isOpen }),
  );
  if (newer.length > 0) onNewer(newer);
  for (const name of removed) {
    // It may have been opened in the meantime.
    if (isOpen(name)) continue;
    const removing = remove(folder, name).catch(() => {});
    onRemove(name, removing);
    await removing;
  }
}

/**
 * Chooses until no chosen conversation has a newer format. Those that have one do not count, so that they do not drive out
 * the conversations of this version. Only folders that were chosen are read, and each of them once.
 */
async function chooseKnown(
  folder: string,
  stored: readonly StoredFolder[],
  choose: (known: readonly StoredFolder[]) => string[],
): Promise<{ removed: string[]; newer: string[] }> {
  const newer = new Set<string>();
  const known = new Set<string>();
  for (;;) {
    const removed = choose(stored.filter(({ name }) => !newer.has(name)));
    const before = newer.size;
    for (const name of removed) {
      if (known.has(name)) continue;
      if (await isNewer(path.join(folder, name))) newer.add(name);
      else known.add(name);
    }
    if (newer.size === before) return { removed, newer: [...newer] };
  }
}

async function isNewer(folder: string): Promise<boolean> {
  const { findNewerFormat } = await import("@nanoagent/runtime/node");
  return (await findNewerFormat(folder).catch(() => null)) !== null;
}

function hasOnlySession(names: readonly string[]): boolean {
  return names.every((file) => SESSION_FILE.test(file));
}

/** Returns the facts of a stored conversation. Returns null for any other folder. */
async function measure(folder: string, name: string): Promise<StoredFolder | null> {
  const names = await readdir(folder);
  if (!hasOnlySession(names) || !names.some((file) => SEGMENT.test(file))) return null;
  let bytes = 0;
  let usedAt = 0;
  for (const file of names) {
    const { size, mtimeMs } = await stat(path.join(folder, file));
    bytes += size;
    if (SEGMENT.test(file)) usedAt = Math.max(usedAt, mtimeMs);
  }
  return { name, bytes, usedAt };
}

/**
 * Removes one conversation below a folder, also if it was used just now. Returns false for a folder that is not a
 * conversation, or contains other files: nothing of it is removed. Rejects if another program uses it.
 */
export async function removeConversation(folder: string, name: string): Promise<boolean> {
  const inside = path.join(folder, name);
  const status = await lstat(inside).catch((error: NodeJS.ErrnoException) => error.code);
  if (status === "ENOENT") return true;
  if (typeof status !== "object" || !status.isDirectory()) return false;
  // One that no turn was kept of has no segment.
  if (!hasOnlySession(await readdir(inside))) return false;
  await remove(folder, name);
  return true;
}

/** Removes a conversation. Rejects if another program uses it. */
async function remove(folder: string, name: string): Promise<void> {
  const { claimFolder } = await import("@nanoagent/runtime/node");
  const inside = path.join(folder, name);
  const claim = await claimFolder(inside, "nanoagent serve");
  // A new conversation with the same id gets a new folder, even while this one is being removed.
  const gone = path.join(folder, `${randomFolderName()}${REMOVED}`);
  try {
    await rename(inside, gone);
  } finally {
    await claim.release().catch(() => {});
  }
  await rm(gone, { recursive: true, force: true });
}
