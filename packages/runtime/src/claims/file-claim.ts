import { open, readFile, rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { cutText } from "@nanoagent/models";
import { fromCheckedJson, toCheckedJson } from "../files/checked-json.js";
import { replaceFile } from "../files/own-files.js";
import { asIdentity, ownIdentity, stateOf } from "../processes/process-identity.js";
import type { Claim, ClaimOwner, ClaimState } from "./claim.js";

/** Every state of a claim has this length, so that it can be overwritten in place. */
const FILE_BYTES = 768;
const MAX_NAME_CHARACTERS = 100;
/** Number of missed beats after which an owner counts as ended. */
const MISSED_BEATS = 3.5;

export interface FileClaimOptions {
  beat: number;
  /** Whether programs of other machines may look. They can only see that the file changes. */
  isShared: boolean;
  /** Whether another claim exists beside this one. */
  hasOthers(): Promise<boolean>;
}

/**
 * A claim by a file that identifies its process, for disks without sockets. A program that cannot check that process,
 * because it is in another container or on another machine, waits to see whether the file changes. The claim is only
 * valid while its owner runs: if the owner is suspended for several beats, another may take over, and the owner finds
 * its claim gone.
 */
export class FileClaim implements Claim {
  readonly file: string;
  readonly #name: string;
  readonly #timer: ReturnType<typeof setInterval>;
  #holds = false;
  #beats = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, name: string, { beat, isShared, hasOthers }: FileClaimOptions) {
    this.file = file;
    this.#name = cutText(name, MAX_NAME_CHARACTERS);
    const show = async () => {
      // Avoid writes to a memory card while no other program is looking.
      if (isShared || (await hasOthers())) await this.#write();
    };
    this.#timer = setInterval(() => void show().catch(() => {}), beat);
    this.#timer.unref();
  }

  static async make(file: string, name: string, options: FileClaimOptions): Promise<FileClaim> {
    const claim = new FileClaim(file, name, options);
    try {
      await replaceFile(file, claim.#text());
      return claim;
    } catch (error) {
      clearInterval(claim.#timer);
      throw error;
    }
  }

  async settle(): Promise<void> {
    this.#holds = true;
    await this.#write();
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing.catch(() => {});
    await rm(this.file, { force: true }).catch(() => {});
  }

  /** Writes in place, because a claim that another program has removed must not come back. */
  #write(): Promise<void> {
    this.#beats += 1;
    this.#writing = this.#writing
      .catch(() => {})
      .then(async () => {
        const handle = await open(this.file, "r+");
        try {
          await handle.write(this.#text(), 0);
        } finally {
          await handle.close();
        }
      });
    return this.#writing;
  }

  #text(): string {
    const state = { ...ownIdentity(), name: this.#name, holds: this.#holds, beats: this.#beats };
    return toCheckedJson(state).padEnd(FILE_BYTES);
  }
}

/** Returns whether the owner of a claim runs: by its process if that is visible, otherwise by changes of the file. */
export async function askFileClaim(
  file: string,
  { isShared, beat }: { isShared: boolean; beat: number },
): Promise<ClaimState> {
  const before = await read(file);
  if (before === null) return { state: "gone" };
  const content = fromCheckedJson(before.trimEnd());
  const identity = asIdentity(content);
  const owner =
    identity && ({ name: String(content?.name), holds: content?.holds === true, ...identity } as ClaimOwner);
  const state = identity === null ? "hidden" : stateOf(identity);
  if (state === "runs") return { state: "held", owner };
  // A program does not survive a restart of the system, unless the disk is shared with other machines.
  if (state === "gone" || (state === "elsewhere" && !isShared)) return { state: "gone" };
  const until = performance.now() + MISSED_BEATS * beat;
  while (performance.now() < until) {
    await delay(beat / 4);
    const now = await read(file);
    if (now === null) return { state: "gone" };
    if (now !== before) return { state: "held", owner };
  }
  return { state: "gone" };
}

/** Returns null if the file is gone, or an empty text if it cannot be read. */
async function read(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? null : "";
  }
}
