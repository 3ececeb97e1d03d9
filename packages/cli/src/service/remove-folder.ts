import type { RunTool } from "./run-tool.js";
import { ServiceCommandError } from "./service-command-error.js";

/** Longest removal of a folder: a memory card is slow with many files. */
const REMOVE_MILLISECONDS = 600_000;

/**
 * Removes a folder with everything in it, or a link alone. Node's `rm` goes by paths: an owner who puts a link in place of
 * a subfolder meanwhile would let root remove files elsewhere. The system's `rm` goes from folder to folder and never
 * follows a link.
 */
export async function removeFolder(folder: string, run: RunTool): Promise<void> {
  const { exitCode, stderr } = await run("rm", ["-rf", "--one-file-system", "--", folder], {
    milliseconds: REMOVE_MILLISECONDS,
    folder: "/",
  });
  if (exitCode === 0) return;
  throw new ServiceCommandError({
    code: "systemd-failed",
    message: `Cannot remove ${folder}: ${stderr.trim() || "rm was ended"}`,
    hint: "Correct the reason, for example a file that is mounted there, then run the same command again.",
  });
}
