import { open, readFile, rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { cutText } from "@nanoagent/models";
import { fromCheckedJson, toCheckedJson } from "../files/checked-json.js";
import { replaceFile } from "../files/own-files.js";
import { asIdentity, ownIdentity, stateOf } from "../processes/process-identity.js";
import type { Claim, ClaimOwner, ClaimState } from "./claim.js";

/** Every state of a claim has this length, so that it can be replaced in place. */
const FILE_BYTES = 768;
const MAX_NAME_CHARACTERS = 100;
/** An owner that did not show itself for so many beats is gone. */
const MISSED_BEATS = 3.5;

export interface FileClaimOptions {
  beat: number;
  /** True where programs of other machines may look: they can only see that the file changes. */
  isShared: boolean;
  /** Whether somebody else's claim lies beside this one. */
  hasOthers(): Promise<boolean>;
}

/**
 * A claim by a file that says which process wrote it, for disks without sockets. Whoever cannot tell whether that process
 * runs, because it is in another container or on another machine, waits whether the file still changes. It holds only as
 * long as its owner is not stopped for several beats: then another may take over, and the owner finds its claim gone.
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
      // A memory card need not be written to while nobody looks.
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

  /** Writes in place: a claim that another program has removed must not come back. */
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

/** Tells whether the owner of a claim runs: by its process where that can be seen, otherwise by whether the file changes. */
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
  // No program of this disk outlives the system's end, unless the disk is that of other machines too.
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

/** Returns null where the file is gone. One that cannot be read may be anything. */
async function read(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? null : "";
  }
}
