import { ClaimedError, type ClaimTimes, claimFolder, isClaimThere } from "../../claims/claim-folder.js";
import { messageOf } from "../../message-of.js";
import { SessionError } from "../session-error.js";
import type { JournalFiles } from "./journal-files.js";

/** A session's folder that this program alone writes to. */
export interface FolderLock {
  /** Whether the folder is still this program's. It is not after the folder was removed or put in another's place. */
  isHeld(): Promise<boolean>;
  /** Gives the folder back. */
  release(): Promise<void>;
}

/** Makes a session's folder and takes its lock. Throws {@link SessionError} `session-in-use` or `session-unreadable`. */
export async function takeFolder(
  files: JournalFiles,
  folder: string,
  lock: (folder: string) => Promise<FolderLock>,
): Promise<FolderLock> {
  try {
    await files.makeFolder(folder);
    return await lock(folder);
  } catch (cause) {
    if (cause instanceof SessionError) throw cause;
    throw new SessionError({
      code: "session-unreadable",
      message: `The session's folder ${folder} cannot be used.`,
      reason: messageOf(cause),
      hint: "Check session.dir and the permissions of that folder.",
      cause,
    });
  }
}

/**
 * Locks a session's folder for this program by a claim that lies in it, see {@link claimFolder}: it holds across
 * containers, paths and machines that share the folder. `name` tells others who has it. Throws {@link SessionError}
 * `session-in-use`.
 */
export async function lockFolder(folder: string, name: string, times: ClaimTimes = {}): Promise<FolderLock> {
  try {
    const claim = await claimFolder(folder, name, times);
    return { isHeld: () => isClaimThere(claim), release: () => claim.release() };
  } catch (cause) {
    if (!(cause instanceof ClaimedError)) throw cause;
    const { owner } = cause;
    const who =
      owner === null ? "A program that does not answer" : `${owner.name} (process ${owner.pid} on ${owner.host})`;
    throw new SessionError({
      code: "session-in-use",
      message: `The session in ${folder} is open already.`,
      reason: `${who} has it. One conversation is written by one program at a time.`,
      hint: "End the other one, or give this agent another session.dir.",
      cause,
    });
  }
}
