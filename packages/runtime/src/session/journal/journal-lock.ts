import { ClaimedError, type ClaimTimes, claimFolder, isClaimThere } from "../../claims/claim-folder.js";
import { messageOf } from "../../message-of.js";
import { SessionError } from "../session-error.js";
import type { JournalFiles } from "./journal-files.js";

/** Exclusive write access to a session folder. */
export interface FolderLock {
  /** Whether this program still has the lock. False after the folder was removed or replaced. */
  isHeld(): Promise<boolean>;
  /** Releases the folder. */
  release(): Promise<void>;
}

/** Creates a session folder and locks it. Throws {@link SessionError} `session-in-use` or `session-unreadable`. */
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
      message: `The session folder ${folder} cannot be used.`,
      reason: messageOf(cause),
      hint: "Check session.dir and the folder's permissions.",
      cause,
    });
  }
}

/**
 * Locks a session folder with a claim file in it, see {@link claimFolder}. The lock holds across containers, paths and
 * machines that share the folder. `name` identifies the owner to others. Throws {@link SessionError} `session-in-use`.
 */
export async function lockFolder(folder: string, name: string, times: ClaimTimes = {}): Promise<FolderLock> {
  try {
    const claim = await claimFolder(folder, name, times);
    return { isHeld: () => isClaimThere(claim), release: () => claim.release() };
  } catch (cause) {
    if (!(cause instanceof ClaimedError)) throw cause;
    const { owner } = cause;
    const who = owner === null ? "An unresponsive program" : `${owner.name} (process ${owner.pid} on ${owner.host})`;
    throw new SessionError({
      code: "session-in-use",
      message: `The session in ${folder} is already open.`,
      reason: `${who} uses it. Only one program at a time can write a conversation.`,
      hint: "Stop that program, or set another session.dir for this agent.",
      cause,
    });
  }
}
