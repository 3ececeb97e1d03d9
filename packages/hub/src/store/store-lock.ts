import { randomBytes } from "node:crypto";
import { link, lstat, open, rename, rm } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";

/** Age of a lock whose holder is gone. Holders keep it for milliseconds. */
const STALE_MILLISECONDS = 3_000;
/** Longest wait for a lock that other programs take one after the other. */
const MAX_WAIT_MILLISECONDS = 20_000;
const RETRY_MILLISECONDS = 15;

/**
 * Runs `work` while this process alone holds the lock file. A lock that was left by a killed process is taken over
 * after 3 s. Rejects like the system call if the lock file cannot be created.
 */
export async function withStoreLock<T>(lock: string, work: () => Promise<T>): Promise<T> {
  const mark = await acquire(lock);
  try {
    return await work();
  } finally {
    await release(lock, mark);
  }
}

async function acquire(lock: string): Promise<bigint> {
  const deadline = performance.now() + MAX_WAIT_MILLISECONDS;
  // The holder's clock and ours may differ, so the age is counted from when this process first saw the lock.
  let seen = { mark: null as bigint | null, time: 0 };
  for (;;) {
    try {
      const handle = await open(lock, "wx", 0o600);
      try {
        return markOf(await handle.stat({ bigint: true }));
      } finally {
        await handle.close();
      }
    } catch (error) {
      // Windows reports EPERM while a removed file is still open elsewhere.
      const isWindowsRemoval = process.platform === "win32" && (error as NodeJS.ErrnoException).code === "EPERM";
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" && !isWindowsRemoval) throw error;
      if (performance.now() > deadline) {
        throw Object.assign(new Error(`EBUSY: ${lock} is held by another program`), { code: "EBUSY" });
      }
    }
    const current = await lstat(lock, { bigint: true }).then(markOf, () => null);
    if (current === null) seen = { mark: null, time: 0 };
    else if (seen.mark !== current) seen = { mark: current, time: performance.now() };
    else if (performance.now() - seen.time > STALE_MILLISECONDS) {
      await removeStale(lock, current);
      seen = { mark: null, time: 0 };
      continue;
    }
    await wait(RETRY_MILLISECONDS);
  }
}

/** Number that differs between two locks of the same name. */
function markOf({ ino, mtimeNs }: { ino: bigint; mtimeNs: bigint }): bigint {
  return ino ^ (mtimeNs << 64n);
}

/** Removes a lock, unless another process has replaced it in the meantime: then that one is put back. */
async function removeStale(lock: string, mark: bigint): Promise<void> {
  const aside = `${lock}.${randomBytes(6).toString("hex")}`;
  try {
    await rename(lock, aside);
    const moved = await lstat(aside, { bigint: true }).then(markOf, () => null);
    if (moved !== null && moved !== mark) await link(aside, lock).catch(() => {});
  } catch {
    // Another process was faster.
  }
  await rm(aside, { force: true, recursive: true }).catch(() => {});
}

async function release(lock: string, mark: bigint): Promise<void> {
  const current = await lstat(lock, { bigint: true }).then(markOf, () => null);
  if (current === mark) await rm(lock, { force: true }).catch(() => {});
}
