import { randomBytes, randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { ownProcess } from "../files/process-identity.js";
import { findPartialDownloads } from "../store/partial-files.js";

const ID = /^\.[0-9a-f]{12}$/;
/** Most entries of a folder that are looked at. */
const MAX_ENTRIES = 20_000;

/**
 * The temporary name of a new file beside its final name: `TARGET.ID.nanoagent-part`. A lock beside it names the process
 * that writes to it, so that others can tell at once when it was left by a killed process.
 */
export class TemporaryFile {
  readonly #base: string;

  constructor(target: string) {
    this.#base = `${target}.${randomBytes(6).toString("hex")}`;
  }

  get path(): string {
    return `${this.#base}.nanoagent-part`;
  }

  get #lock(): string {
    return `${this.#base}.nanoagent-lock`;
  }

  /** Creates the lock, before the file itself is created. Rejects like the system call. */
  async lock(): Promise<void> {
    const record = { ...ownProcess(), id: randomUUID(), sha256: null, gitSha1: null };
    await writeFile(this.#lock, JSON.stringify(record), { flag: "wx" });
  }

  /** Removes the lock, and the file if it still has its temporary name. Never rejects. */
  async remove(): Promise<void> {
    await rm(this.path, { force: true }).catch(() => {});
    await rm(this.#lock, { force: true }).catch(() => {});
  }
}

/** Removes the temporary files of a target that processes left which run no more. Never rejects. */
export async function removeLeftovers(target: string): Promise<void> {
  const found = await findPartialDownloads(path.dirname(target), 1, { entriesLeft: MAX_ENTRIES });
  for (const { target: base, files, isLive } of found) {
    if (isLive || !base.startsWith(target) || !ID.test(base.slice(target.length))) continue;
    for (const { path: file } of files) await rm(file, { force: true }).catch(() => {});
  }
}
