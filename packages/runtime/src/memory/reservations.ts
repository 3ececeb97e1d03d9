import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { makeFolder } from "../files/make-folder.js";
import { processExists } from "../processes/process-exists.js";

const NAME = /^(\d+)-\d+\.json$/;
/** One line of JSON; what is longer is none of ours. */
const MAX_FILE_BYTES = 512;
/** More agents than this on one small computer are a fault of somebody's. */
const MAX_RESERVATIONS = 64;

/** What an engine was admitted to take, and the process that takes it, once there is one. */
interface Reservation {
  owner: number;
  engine: number | null;
  bytes: number;
}

let made = 0;

/**
 * What other agents of this device were admitted to take and have not taken yet. A model that is mapped, or has just
 * begun to load, takes little of what it will, and the system says that all the rest is free: without this list two
 * agents would both get it. One small file an engine, in the user's runtime folder; those of processes that are gone
 * count for nothing and are removed.
 */
export class Reservations {
  readonly #folder: string;
  readonly #file: string;

  constructor(folder: string = defaultFolder()) {
    this.#folder = folder;
    this.#file = path.join(folder, `${process.pid}-${++made}.json`);
  }

  /** The bytes that others have still to take. `pinnedBytes` says what a process holds already. Never rejects. */
  async outstandingBytes(pinnedBytes: (processId: number) => Promise<number>): Promise<number> {
    let total = 0;
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names.slice(0, MAX_RESERVATIONS)) {
      const file = path.join(this.#folder, name);
      if (file === this.#file || !NAME.test(name)) continue;
      const reservation = await read(file);
      if (reservation === null || !processExists(reservation.owner)) {
        await rm(file, { force: true }).catch(() => {});
        continue;
      }
      const taken = reservation.engine === null ? 0 : await pinnedBytes(reservation.engine).catch(() => 0);
      total += Math.max(0, reservation.bytes - taken);
    }
    return total;
  }

  /** Says what this engine may take. Where it cannot be written down, others go by what the system says alone. */
  async hold(bytes: number, engine: number | null): Promise<void> {
    const temporary = `${this.#file}.${process.pid}`;
    try {
      await makeFolder(this.#folder, 0o700);
      await writeFile(temporary, JSON.stringify({ owner: process.pid, engine, bytes }), { mode: 0o600 });
      await rename(temporary, this.#file);
    } catch {
      await rm(temporary, { force: true }).catch(() => {});
    }
  }

  async release(): Promise<void> {
    await rm(this.#file, { force: true }).catch(() => {});
  }
}

async function read(file: string): Promise<Reservation | null> {
  try {
    const text = await readFile(file, "utf8");
    const { owner, engine, bytes } = JSON.parse(text.slice(0, MAX_FILE_BYTES)) as Partial<Reservation>;
    if (!isCount(owner) || !isCount(bytes) || (engine !== null && !isCount(engine))) return null;
    return { owner, engine, bytes };
  } catch {
    return null;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function defaultFolder(): string {
  const { XDG_RUNTIME_DIR: runtime } = process.env;
  const base = runtime === undefined || runtime === "" ? path.join(os.tmpdir(), `nanoagent-${userId()}`) : runtime;
  return path.join(base, "nanoagent", "reservations");
}

function userId(): string {
  return String(process.getuid?.() ?? os.userInfo().username);
}
