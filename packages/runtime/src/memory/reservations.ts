import { readdir, rm, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { Claim } from "../claims/claim.js";
import { askSocketClaim, SocketClaim } from "../claims/socket-claim.js";
import { fromCheckedJson, toCheckedJson } from "../files/checked-json.js";
import { isOwn, makeOwnFolder, readOwnFile, replaceFile } from "../files/own-files.js";
import { randomName } from "../files/random-name.js";
import { asIdentity, ownIdentity, type ProcessIdentity, stateOf } from "../processes/process-identity.js";

const NAME = /^\d+-[0-9a-f]+\.json$/;
/** Longest reservation, in bytes; it is one line of JSON. */
const MAX_FILE_BYTES = 1024;
/** Most reservations that are read. One small computer does not run more agents. */
const MAX_RESERVATIONS = 64;
const FOLDERS = ["nanoagent", "reservations"] as const;

/** Memory that an engine may take, and the process that takes it, once there is one. */
interface Reservation extends ProcessIdentity {
  engine: number | null;
  bytes: number;
  /** The limit that the process is under, as `limit_source` of a memory reading says it. */
  limit: string | null;
}

/** Bytes that other agents have still to take. */
export interface Outstanding {
  /** Those of all agents. */
  onMachine: number;
  /** Those of agents under the same limit as this program, or under one within it. */
  withinLimit: number;
}

/**
 * Memory that other agents of this device were admitted to take and have not taken yet. A model that is mapped, or has
 * just begun to load, takes little of what it will, and the system says that all the rest is free: without this list two
 * agents would both get it. Each engine has one small file in the user's runtime folder. Files of processes that are gone
 * count for nothing and are removed; files and folders of other users are left alone and not believed.
 */
export class Reservations {
  readonly #folder: () => Promise<string | null>;
  readonly #name = `${process.pid}-${randomName()}.json`;
  /** Shows this program to those in other containers, who cannot see its process. */
  #claim: Claim | null = null;
  #isClaimed = false;
  /** End of the queue of changes: what is released stays so, though it was still being held. */
  #last: Promise<void> = Promise.resolve();

  /** `folder`: a folder of this user. Default: one in `XDG_RUNTIME_DIR`, otherwise in the temporary folder. */
  constructor(folder?: string) {
    this.#folder = folder === undefined ? defaultFolder : () => ownFolderAt(folder);
  }

  /**
   * Says what others have still to take. `limit` is the one that this program is under, `pinnedBytes` says what a process
   * holds already. Never rejects.
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
      // In another container the number of the engine's process stands for another process.
      const { engine, bytes } = reservation;
      const taken = engine === null || state === "hidden" ? 0 : await pinnedBytes(engine).catch(() => 0);
      const toCome = Math.max(0, bytes - taken);
      outstanding.onMachine += toCome;
      if (isWithin(reservation.limit, limit)) outstanding.withinLimit += toCome;
    }
    return outstanding;
  }

  /** Says what this engine may take, and under which limit. Where it cannot be written down, others go by what the system says alone. */
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

/** Whether what is under `theirs` is under `ours` as well. Without a limit of ours everything is. */
function isWithin(theirs: string | null, ours: string | null): boolean {
  if (ours === null) return true;
  return theirs !== null && groupOf(theirs).startsWith(groupOf(ours));
}

/** The group whose limit it is, with a slash at its end: `cgroup v2 /a/` of `cgroup v2 /a (memory.high)`. */
function groupOf(limit: string): string {
  const group = limit.replace(/ \(memory\.high\)$/, "").replace(", above /", " /");
  return group.endsWith("/") ? group : `${group}/`;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

async function defaultFolder(): Promise<string | null> {
  const { XDG_RUNTIME_DIR: runtime } = process.env;
  if (runtime !== undefined && path.isAbsolute(runtime)) {
    const status = await stat(runtime).catch(() => null);
    const folder = status !== null && isOwn(status) ? await makeOwnFolder(runtime, FOLDERS) : null;
    if (folder !== null) return folder;
  }
  return makeOwnFolder(os.tmpdir(), [`nanoagent-${userId()}`, ...FOLDERS]);
}

function ownFolderAt(folder: string): Promise<string | null> {
  return makeOwnFolder(path.dirname(folder), [path.basename(folder)]);
}

function userId(): string {
  return String(process.geteuid?.() ?? os.userInfo().username);
}
