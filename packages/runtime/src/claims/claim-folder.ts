import { lstat, readdir, rm, statfs } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { randomName } from "../files/random-name.js";
import type { Claim, ClaimOwner } from "./claim.js";
import { askFileClaim, FileClaim } from "./file-claim.js";
import { askSocketClaim, SocketClaim } from "./socket-claim.js";

/** A folder that another program uses. */
export class ClaimedError extends Error {
  readonly owner: ClaimOwner | null;

  constructor(owner: ClaimOwner | null) {
    super("another program uses the folder");
    this.owner = owner;
  }
}

export interface ClaimTimes {
  /** How often an owner without a socket shows that it runs, in milliseconds. Default: 2 or, on shared disks, 10 seconds. */
  beatMilliseconds?: number | undefined;
}

const NAME = /^lock-[0-9a-f]{16}\.(socket|claim)$/;
const UNFINISHED = /^lock-[0-9a-f]{16}\.socket\.new$/;
/** Of several that begin at once all may give way to each other; so often they try again. */
const ATTEMPTS = 12;
const LONGEST_PAUSE_MILLISECONDS = 60;
const BEAT_MILLISECONDS = 2_000;
/** Programs of other machines write here too, and caches delay what they see. */
const SHARED_BEAT_MILLISECONDS = 10_000;

/** Types of file systems that several machines may use at once: NFS, SMB, 9P, FUSE, Ceph, AFS, GFS2, OCFS2, GPFS, Lustre, VirtualBox. */
const SHARED_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x01021997, 0x65735546, 0x00c36400, 0x5346414f, 0x6b414653, 0x01161970,
  0x7461636f, 0x47504653, 0x0bd00bd0, 0x786f4256,
]);

/**
 * Claims a folder. Each program first puts its own claim there and then looks for those of others, so of two at least one
 * sees the other. A name is used once, so the claim of a program that is gone can be removed without hurting another's.
 * Throws {@link ClaimedError}, or the system's error where nothing can be written.
 */
export async function claimFolder(folder: string, name: string, times: ClaimTimes = {}): Promise<Claim> {
  const isShared = await isOnSharedDisk(folder);
  const beat = times.beatMilliseconds ?? (isShared ? SHARED_BEAT_MILLISECONDS : BEAT_MILLISECONDS);
  for (let attempt = 1; ; attempt++) {
    const own = await makeClaim(folder, name, { isShared, beat });
    try {
      const other = await findOther(folder, own, { isShared, beat });
      if (other === null) {
        await own.settle();
        return own;
      }
      if (attempt === ATTEMPTS || other.owner === null || other.owner.holds) throw new ClaimedError(other.owner);
    } catch (error) {
      await own.release();
      throw error;
    }
    await own.release();
    await delay(Math.random() * LONGEST_PAUSE_MILLISECONDS);
  }
}

/** Whether a claim is still where it was put. It is gone when the folder was removed or another program took it over. */
export async function isClaimThere(claim: Claim): Promise<boolean> {
  return (await lstat(claim.file).catch(() => null)) !== null;
}

interface Surroundings {
  isShared: boolean;
  beat: number;
}

/** A socket, which the system frees with its owner; on disks without sockets, or of several machines, a file. */
async function makeClaim(folder: string, name: string, { isShared, beat }: Surroundings): Promise<Claim> {
  const file = path.join(folder, `lock-${randomName()}`);
  if (!isShared) {
    try {
      return await SocketClaim.make(`${file}.socket`, name);
    } catch {
      // The file below fails too where nothing at all can be written, and says why.
    }
  }
  return FileClaim.make(`${file}.claim`, name, { beat, isShared, hasOthers: () => hasOthers(folder, file) });
}

async function hasOthers(folder: string, own: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  return names.some((name) => NAME.test(name) && !name.startsWith(path.basename(own)));
}

/** Finds a claim of a program that runs. Removes those of programs that are gone. */
async function findOther(
  folder: string,
  own: Claim,
  surroundings: Surroundings,
): Promise<{ owner: ClaimOwner | null } | null> {
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    if (file === own.file || !(NAME.test(name) || UNFINISHED.test(name))) continue;
    const found = await (name.endsWith(".claim") ? askFileClaim(file, surroundings) : askSocketClaim(file));
    if (found.state === "gone") await rm(file, { force: true }).catch(() => {});
    else if (NAME.test(name)) return { owner: found.owner };
  }
  return null;
}

async function isOnSharedDisk(folder: string): Promise<boolean> {
  if (process.platform !== "linux") return process.platform === "win32" && folder.startsWith("\\\\");
  const type = await statfs(folder).then(
    (status) => status.type,
    () => 0,
  );
  return SHARED_FILE_SYSTEMS.has(type >>> 0);
}
