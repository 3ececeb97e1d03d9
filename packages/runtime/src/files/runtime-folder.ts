import { lstat, stat } from "node:fs/promises";
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

/**
 * Returns all runtime folders that a program of this user may have, whatever its environment: cron, systemd units and
 * containers often lack `XDG_RUNTIME_DIR`. Only folders that exist and whose content can be trusted. Creates none.
 */
export async function findRuntimeFolders(): Promise<string[]> {
  const found: string[] = [];
  for (const folders of runtimePlaces()) {
    const states = await Promise.all(folders.map((folder) => lstat(folder).catch(() => null)));
    const areOwn = states.every((status) => status?.isDirectory() === true && isOwn(status));
    const folder = folders.at(-1);
    if (areOwn && folder !== undefined && !found.includes(folder)) found.push(folder);
  }
  return found;
}

/** The places of {@link findRuntimeFolders}: each with the folders above it that must be this user's, too. */
export function runtimePlaces(
  { XDG_RUNTIME_DIR: runtime }: Readonly<Record<string, string | undefined>> = process.env,
  temporary = os.tmpdir(),
): string[][] {
  const isUnix = process.platform !== "win32";
  const bases = [runtime, ...(isUnix ? [`/run/user/${userId()}`] : [])].filter(
    (base) => base !== undefined && path.isAbsolute(base),
  ) as string[];
  const shared = [temporary, ...(isUnix ? ["/tmp"] : [])].map((base) => path.join(base, `nanoagent-${userId()}`));
  return [...bases, ...shared].map((base) => [base, path.join(base, "nanoagent")]);
}

function userId(): string {
  return String(process.geteuid?.() ?? os.userInfo().username);
}
