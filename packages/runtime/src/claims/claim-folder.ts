import { lstat, readdir, rm, statfs } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { randomName } from "../files/random-name.js";
import type { Claim, ClaimOwner } from "./claim.js";
import { askFileClaim, FileClaim } from "./file-claim.js";
import { askSocketClaim, SocketClaim } from "./socket-claim.js";

/** Thrown if another program uses the folder. */
export class ClaimedError extends Error {
  readonly owner: ClaimOwner | null;

  constructor(owner: ClaimOwner | null) {
    super("another program uses the folder");
    this.owner = owner;
  }
}

export interface ClaimTimes {
  /** Interval at which an owner without a socket shows that it runs. Default: 2 seconds, or 10 on shared disks. */
  beatMilliseconds?: number | undefined;
}

const NAME = /^lock-[0-9a-f]{16}\.(socket|claim)$/;
const UNFINISHED = /^lock-[0-9a-f]{16}\.socket\.new$/;
/** Most attempts. Programs that start at the same time may all give way to each other and try again. */
const ATTEMPTS = 12;
const LONGEST_PAUSE_MILLISECONDS = 60;
const BEAT_MILLISECONDS = 2_000;
/** Interval on shared disks, where other machines write and caches delay what they see. */
const SHARED_BEAT_MILLISECONDS = 10_000;

/**
 * Types of file systems that several machines can use: NFS, SMB, 9P, FUSE, Ceph, AFS, GFS2, OCFS2, GPFS, Lustre,
 * VirtualBox.
 */
const SHARED_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x01021997, 0x65735546, 0x00c36400, 0x5346414f, 0x6b414653, 0x01161970,
  0x7461636f, 0x47504653, 0x0bd00bd0, 0x786f4256,
]);

/**
 * Claims a folder. Each program first creates its own claim and then looks for others, so that at least one of two
 * programs sees the other. A name is used only once, so the claim of an ended program can be removed without affecting
 * another's. Throws {@link ClaimedError}, or the system's error if nothing can be written.
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

/** Whether a claim still exists. It is gone if the folder was removed or another program took it over. */
export async function isClaimThere(claim: Claim): Promise<boolean> {
  return (await lstat(claim.file).catch(() => null)) !== null;
}

interface Surroundings {
  isShared: boolean;
  beat: number;
}

/** Creates a socket, which the system frees when its owner ends, or a file on disks without sockets or shared disks. */
async function makeClaim(folder: string, name: string, { isShared, beat }: Surroundings): Promise<Claim> {
  const file = path.join(folder, `lock-${randomName()}`);
  if (!isShared) {
    try {
      return await SocketClaim.make(`${file}.socket`, name);
    } catch {
      // If nothing can be written here, creating the file below fails as well and has the reason.
    }
  }
  return FileClaim.make(`${file}.claim`, name, { beat, isShared, hasOthers: () => hasOthers(folder, file) });
}

async function hasOthers(folder: string, own: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  return names.some((name) => NAME.test(name) && !name.startsWith(path.basename(own)));
}

/** Finds a claim of a running program. Removes claims of programs that have ended. */
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
