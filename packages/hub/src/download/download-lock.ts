import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, type FileHandle, link, open, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type FoundLock, type LockRecord, readLock } from "../files/lock-record.js";
import { isRunning, ownProcess } from "../files/process-identity.js";
import { storeUnusable } from "../files/store-unusable.js";
import { HubError } from "../hub-error.js";

export interface LockTimes {
  /** Time between two looks at another process's lock. */
  pollMilliseconds: number;
  /** Time between two signs of life. */
  heartbeatMilliseconds: number;
  /** Age of the last sign of life at which the holder of another host or container counts as dead. */
  deadMilliseconds: number;
  /** Time without a sign of life at which waiting for a running process of this host ends with an error. */
  suspendedMilliseconds: number;
  /** Time after which a file that is not a lock is replaced. */
  unreadableMilliseconds: number;
}

export const LOCK_TIMES: LockTimes = {
  pollMilliseconds: 200,
  heartbeatMilliseconds: 5_000,
  deadMilliseconds: 20_000,
  suspendedMilliseconds: 120_000,
  unreadableMilliseconds: 2_000,
};

/** Locks of this process, to tell a lock that it holds from one that an error left. */
const held = new Set<string>();

export function lockPath(target: string): string {
  return `${target}.nanoagent-lock`;
}

/**
 * The right to download a target, which one process has at a time.
 *
 * A lock that a dead process left has one successor: the process that creates the file `LOCK.ID`, with the id of the dead
 * lock. Ids are never used again, so this succeeds once. The successor then renames its file to `LOCK`. Should it die
 * before, it has itself one successor. A process that created such a file too late sees another id in `LOCK`.
 */
export class DownloadLock {
  readonly #file: string;
  readonly #record: LockRecord;
  readonly #handle: FileHandle;
  readonly #timer: NodeJS.Timeout;
  readonly #lost = new AbortController();

  private constructor(file: string, record: LockRecord, handle: FileHandle, times: LockTimes) {
    this.#file = file;
    this.#record = record;
    this.#handle = handle;
    this.#timer = setInterval(() => this.#beat(), times.heartbeatMilliseconds).unref();
    held.add(record.id);
  }

  /**
   * Takes the lock, or waits for its holder. Resolves with the lock and the records of holders that were waited for.
   * `onWait` is called at every look.
   */
  static async acquire(
    target: string,
    content: { sha256: string | null; gitSha1: string | null },
    options: { signal?: AbortSignal | undefined; times: LockTimes; onWait: () => Promise<void> },
  ): Promise<{ lock: DownloadLock; waitedFor: LockRecord[] }> {
    const { signal, times, onWait } = options;
    const file = lockPath(target);
    const record = { ...ownProcess(), id: randomUUID(), ...content };
    const candidate = `${file}.new-${record.id}`;
    const waitedFor = new Map<string, LockRecord>();
    let seen = { id: "", mtimeMs: 0, looks: 0 };
    const handle = await open(candidate, "wx", 0o666).catch((error) => {
      throw storeUnusable(`Cannot write to the folder of ${target}.`, target, error);
    });
    try {
      await handle.write(JSON.stringify(record), 0);
      for (;;) {
        signal?.throwIfAborted();
        const holder = await claim(file, candidate, (found) => isDead(found, seen, handle, times));
        if (holder === null) {
          await removeLeftovers(file);
          const lock = new DownloadLock(file, record, await open(file, "r+"), times);
          return { lock, waitedFor: [...waitedFor.values()] };
        }
        const isSame = seen.id === holder.id && seen.mtimeMs === holder.mtimeMs;
        seen = { id: holder.id, mtimeMs: holder.mtimeMs, looks: isSame ? seen.looks + 1 : 0 };
        if (holder.record !== null) {
          waitedFor.set(holder.id, holder.record);
          if (seen.looks * times.pollMilliseconds > times.suspendedMilliseconds) throw suspended(target, holder.record);
        }
        await onWait();
        await wait(times.pollMilliseconds, undefined, { signal }).catch(() => {});
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw storeUnusable(`Cannot lock ${target}.`, target, error);
    } finally {
      await handle.close();
      await rm(candidate, { force: true }).catch(() => {});
    }
  }

  /** Aborts when another process took the lock. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Throws if another process took the lock. */
  async check(): Promise<void> {
    if (!(await this.#isHeld())) this.#lose();
    this.lost.throwIfAborted();
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    if (await this.#isHeld()) await rm(this.#file, { force: true }).catch(() => {});
    held.delete(this.#record.id);
    await this.#handle.close();
  }

  async #beat(): Promise<void> {
    // A write changes the time by the clock of the file system, which other hosts compare with.
    await this.#handle.write(JSON.stringify(this.#record), 0).catch(() => {});
    if (!(await this.#isHeld())) this.#lose();
  }

  async #isHeld(): Promise<boolean> {
    const found = await readLock(this.#file).catch(() => null);
    return found?.id === this.#record.id;
  }

  #lose(): void {
    clearInterval(this.#timer);
    this.#lost.abort(
      new HubError({
        code: "download-failed",
        message: `The download stopped: ${this.#file} was removed or replaced.`,
        reason: "Without this file, two processes could write to the same download.",
        hint: "Run the same command again: the download continues where it stopped.",
      }),
    );
  }
}

/**
 * Tries to make `candidate` the lock. Resolves with null, or with the lock of the process to wait for.
 */
async function claim(
  file: string,
  candidate: string,
  isDeadLock: (found: FoundLock) => Promise<boolean>,
): Promise<FoundLock | null> {
  for (;;) {
    if (await createLink(candidate, file)) return null;
    const base = await readLock(file);
    if (base === null) continue;
    // Follows the successors of dead locks to the last one.
    const successors = new Set<string>();
    let last: FoundLock | null = base;
    while (last !== null && (await isDeadLock(last))) {
      const successor = `${file}.${last.id}`;
      if (successors.has(successor)) throw Object.assign(new Error(`ELOOP: ${file} names itself`), { code: "ELOOP" });
      if (!(await createLink(candidate, successor))) {
        successors.add(successor);
        last = await readLock(successor);
        continue;
      }
      if ((await readLock(file))?.id === base.id) {
        await rename(successor, file);
        for (const dead of successors) await rm(dead, { force: true });
        return null;
      }
      await rm(successor, { force: true });
      last = null;
    }
    if (last !== null) return last;
  }
}

/** Gives a file a second name, or copies it where the file system has no links. Returns false if the name is taken. */
async function createLink(file: string, name: string): Promise<boolean> {
  try {
    await link(file, name).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") throw error;
      return copyFile(file, name, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Removes files of processes that were killed while they waited for a lock. */
async function removeLeftovers(file: string): Promise<void> {
  const folder = path.dirname(file);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(`${path.basename(file)}.`)) continue;
    const leftover = path.join(folder, name);
    const found = await readLock(leftover).catch(() => null);
    if (found === null || found.record === null || isRunning(found.record) !== false) continue;
    await rm(leftover, { force: true }).catch(() => {});
  }
}

async function isDead(
  found: FoundLock,
  seen: { id: string; mtimeMs: number; looks: number },
  ownLock: FileHandle,
  times: LockTimes,
): Promise<boolean> {
  const isQuiet = seen.id === found.id && seen.mtimeMs === found.mtimeMs;
  const quietMilliseconds = isQuiet ? seen.looks * times.pollMilliseconds : 0;
  // Where links are copies, a new lock is empty for a moment.
  if (found.record === null) return quietMilliseconds >= times.unreadableMilliseconds;
  if (held.has(found.record.id)) return false;
  // Another thread of this process may hold it.
  const isOwnProcess = found.record.pid === process.pid;
  const running = isRunning(found.record);
  if (running === false) return true;
  if (running === true && !isOwnProcess) return false;
  if (quietMilliseconds > times.deadMilliseconds) return true;
  // Both times are by the clock of the file system.
  const { mtimeMs } = await ownLock.stat();
  return mtimeMs - found.mtimeMs > times.deadMilliseconds;
}

function suspended(target: string, { pid }: LockRecord): HubError {
  return new HubError({
    code: "download-failed",
    message: `Process ${pid} downloads ${target}, and gives no sign of life.`,
    reason: "It may be suspended.",
    hint: `End it and try again: kill ${pid}`,
  });
}
