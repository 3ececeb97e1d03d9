import { randomBytes } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { Claim } from "../claims/claim.js";
import { askSocketClaim, SocketClaim } from "../claims/socket-claim.js";
import { fromCheckedJson, toCheckedJson } from "../files/checked-json.js";
import { isOwn, makeOwnFolder, readOwnFile, replaceFile } from "../files/own-files.js";
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
}

/**
 * Memory that other agents of this device were admitted to take and have not taken yet. A model that is mapped, or has
 * just begun to load, takes little of what it will, and the system says that all the rest is free: without this list two
 * agents would both get it. Each engine has one small file in the user's runtime folder. Files of processes that are gone
 * count for nothing and are removed; files and folders of other users are left alone and not believed.
 */
export class Reservations {
  readonly #folder: () => Promise<string | null>;
  readonly #name = `${process.pid}-${randomBytes(6).toString("hex")}.json`;
  /** Shows this program to those in other containers, who cannot see its process. */
  #claim: Claim | null = null;
  #isClaimed = false;

  /** `folder`: a folder of this user. Default: one in `XDG_RUNTIME_DIR`, otherwise in the temporary folder. */
  constructor(folder?: string) {
    this.#folder = folder === undefined ? defaultFolder : () => ownFolderAt(folder);
  }

  /** The bytes that others have still to take. `pinnedBytes` says what a process holds already. Never rejects. */
  async outstandingBytes(pinnedBytes: (processId: number) => Promise<number>): Promise<number> {
    const folder = await this.#folder();
    const entries = folder === null ? [] : await readdir(folder).catch(() => []);
    const names = entries.filter((name) => NAME.test(name) && name !== this.#name);
    let total = 0;
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
      total += Math.max(0, bytes - taken);
    }
    return total;
  }

  /** Says what this engine may take. Where it cannot be written down, others go by what the system says alone. */
  async hold(bytes: number, engine: number | null): Promise<void> {
    const folder = await this.#folder();
    if (folder === null) return;
    const file = path.join(folder, this.#name);
    if (!this.#isClaimed) {
      this.#isClaimed = true;
      this.#claim = await SocketClaim.make(socketOf(file), "nanoagent").catch(() => null);
    }
    await replaceFile(file, toCheckedJson({ ...ownIdentity(), engine, bytes })).catch(() => {});
  }

  async release(): Promise<void> {
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
  return engine === null || isCount(engine) ? { ...identity, engine, bytes: value.bytes } : null;
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
