import { mkdir, mkdtemp, rmdir } from "node:fs/promises";
import path from "node:path";
import { NanoAgentError } from "@nanoagent/models";
import type { Agent } from "@nanoagent/runtime";

/** Faults that end without a change of the config: another program, or the session's retention, frees space. */
const PASSING_CODES: readonly string[] = ["ENOSPC", "EDQUOT"];

/**
 * Makes the folder for the conversations of an agent, and checks that folders can be made in it. Rejects with the runtime's
 * error for such a folder, `session-unreadable`. Does nothing for an agent without a session.
 */
export async function checkSessionFolder({ config: { session } }: Agent): Promise<void> {
  if (session === undefined) return;
  const { dir } = session;
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    // Permissions alone do not tell: file systems can be read-only.
    await rmdir(await mkdtemp(path.join(dir, ".check-")));
  } catch (cause) {
    const { code = "", message = String(cause) } = cause as NodeJS.ErrnoException;
    if (PASSING_CODES.includes(code)) return;
    throw new NanoAgentError({
      code: "session-unreadable",
      message: `The session folder ${dir} cannot be used.`,
      reason: message,
      hint: "Check session.dir and the folder's permissions.",
      cause,
    });
  }
}
