import { stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { isOwn, makeOwnFolder } from "./own-files.js";

/**
 * Creates the folders `names` in this user's runtime folder: `nanoagent` in `XDG_RUNTIME_DIR`, otherwise one of this user
 * in the temporary folder. Returns the innermost, or null if its content cannot be trusted.
 */
export async function ownRuntimeFolder(...names: string[]): Promise<string | null> {
  const { XDG_RUNTIME_DIR: runtime } = process.env;
  if (runtime !== undefined && path.isAbsolute(runtime)) {
    const status = await stat(runtime).catch(() => null);
    const folder = status !== null && isOwn(status) ? await makeOwnFolder(runtime, ["nanoagent", ...names]) : null;
    if (folder !== null) return folder;
  }
  return makeOwnFolder(os.tmpdir(), [`nanoagent-${userId()}`, "nanoagent", ...names]);
}

function userId(): string {
  return String(process.geteuid?.() ?? os.userInfo().username);
}
