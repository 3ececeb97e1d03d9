import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import type { Claim } from "../claims/claim.js";
import { askSocketClaim, SocketClaim } from "../claims/socket-claim.js";
import { fromCheckedJson, toCheckedJson } from "../files/checked-json.js";
import { makeOwnFolder, readOwnFile, replaceFile } from "../files/own-files.js";
import { randomName } from "../files/random-name.js";
import { ownRuntimeFolder } from "../files/runtime-folder.js";
import { asIdentity, ownIdentity, type ProcessIdentity, stateOf } from "../processes/process-identity.js";

const NAME = /^\d+-[0-9a-f]+\.json$/;
/** Longest reservation, in bytes; it is one line of JSON. */
const MAX_FILE_BYTES = 1024;
/** Most reservations that are read. Small computers do not run more agents. */
const MAX_RESERVATIONS = 64;

/** Memory reserved for an engine, and the process that uses it once it has started. */
interface Reservation extends ProcessIdentity {
  engine: number | null;
  bytes: number;
  /** The limit on the process, in the form of `limit_source` of a memory reading. */
  limit: string | null;
}

/** Bytes that other agents have reserved but not used yet. */
export interface Outstanding {
  /** For all agents. */
  onMachine: number;
  /** For agents under the same limit as this program, or a nested one. */
  withinLimit: number;
}

/**
 * Memory that other agents of this device have reserved but not used yet. A mapped model, or one that has just begun to
 * load, uses little of its memory at first, and the system reports the rest as free. Without this list, two agents
 * would both get it. Each engine has one small file in the user's runtime folder. Files of ended processes are ignored
 * and removed; files and folders of other users are ignored.
 */
export class Reservations {
  readonly #folder: () => Promise<string | null>;
  readonly #name = `${process.pid}-${randomName()}.json`;
  /** Identifies this program in other containers, where its process is not visible. */
  #claim: Claim | null = null;
  #isClaimed = false;
  /** End of the queue of changes, so that a release is not undone by a pending hold. */
  #last: Promise<void> = Promise.resolve();

  /** `folder`: a folder of this user. Default: one in `XDG_RUNTIME_DIR`, otherwise in the temporary folder. */
  constructor(folder?: string) {
    this.#folder = folder === undefined ? () => ownRuntimeFolder("reservations") : () => ownFolderAt(folder);
  }

  /**
   * Returns the memory that others have reserved but not used. `limit` is the limit on this program, `pinnedBytes`
   * returns the memory that a process already uses. Never rejects.
   */
  async outstanding(limit: string | null, pinnedBytes: (processId: number) => Promise<number>): Promise<Outstanding> {
    const folder = await this.#folder();
    const entries = folder === null ? [] : await readdir(folder).catch(() => []);
    const names = entries.filter((name) => NAME.test(name) && name !== this.#name);
    const outstanding: Outstanding = { onMachine: 0, withinLimit: 0 };
    for (const name of names.slice(0, MAX_RESERVATIONS)) {
      const file = path.join(folder as string, name);
      const reservation = await read(file);
      const state = reservation === null ? "gone" : await runs(reservation, file);
      if (reservation === null || state === "gone") {
        for (const old of [file, socketOf(file)]) await rm(old, { force: true }).catch(() => {});
        continue;
      }
      // In another container this process number belongs to a different process.
      const { engine, bytes } = reservation;
      const taken = engine === null || state === "hidden" ? 0 : await pinnedBytes(engine).catch(() => 0);
      const toCome = Math.max(0, bytes - taken);
      outstanding.onMachine += toCome;
      if (isWithin(reservation.limit, limit)) outstanding.withinLimit += toCome;
    }
    return outstanding;
  }

  /**
   * Records the reservation of this engine and its limit. If that fails, other agents see only the system's figures.
   */
  hold(reservation: Pick<Reservation, "bytes" | "engine" | "limit">): Promise<void> {
    return this.#inTurn(() => this.#write(reservation));
  }

  release(): Promise<void> {
    return this.#inTurn(() => this.#remove());
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const changed = this.#last.then(change);
    this.#last = changed.catch(() => {});
    return changed;
  }

  async #write({ bytes, engine, limit }: Pick<Reservation, "bytes" | "engine" | "limit">): Promise<void> {
    const folder = await this.#folder();
    if (folder === null) return;
    const file = path.join(folder, this.#name);
    if (!this.#isClaimed) {
      this.#isClaimed = true;
      this.#claim = await SocketClaim.make(socketOf(file), "nanoagent").catch(() => null);
    }
    await replaceFile(file, toCheckedJson({ ...ownIdentity(), engine, bytes, limit })).catch(() => {});
  }

  async #remove(): Promise<void> {
    const folder = await this.#folder();
    if (folder !== null) await rm(path.join(folder, this.#name), { force: true }).catch(() => {});
    await this.#claim?.release();
    this.#claim = null;
    this.#isClaimed = false;
  }
}

function socketOf(file: string): string {
  return file.replace(/json$/, "socket");
}

async function runs(reservation: Reservation, file: string): Promise<"runs" | "hidden" | "gone"> {
  const state = stateOf(reservation);
  if (state !== "hidden") return state === "runs" ? "runs" : "gone";
  return (await askSocketClaim(socketOf(file))).state === "held" ? "hidden" : "gone";
}

async function read(file: string): Promise<Reservation | null> {
  const text = await readOwnFile(file, MAX_FILE_BYTES);
  const value = text === null ? null : fromCheckedJson(text);
  const identity = asIdentity(value);
  if (value === null || identity === null || !isCount(value.bytes)) return null;
  const engine = value.engine === null ? null : value.engine;
  const limit = typeof value.limit === "string" ? value.limit : null;
  return engine === null || isCount(engine) ? { ...identity, engine, bytes: value.bytes, limit } : null;
}

/** Whether a process under the limit `theirs` is also under `ours`. Always true if `ours` is null. */
function isWithin(theirs: string | null, ours: string | null): boolean {
  if (ours === null) return true;
  return theirs !== null && groupOf(theirs).startsWith(groupOf(ours));
}

/** Returns the cgroup of a limit, with a trailing slash: `cgroup v2 /a/` for `cgroup v2 /a (memory.high)`. */
function groupOf(limit: string): string {
  const group = limit.replace(/ \(memory\.high\)$/, "").replace(", above /", " /");
  return group.endsWith("/") ? group : `${group}/`;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function ownFolderAt(folder: string): Promise<string | null> {
  return makeOwnFolder(path.dirname(folder), [path.basename(folder)]);
}
