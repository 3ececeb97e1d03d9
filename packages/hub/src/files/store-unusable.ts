import { existsSync } from "node:fs";
import path from "node:path";
import { HubError } from "../hub-error.js";

const CAUSES: Readonly<Record<string, string>> = {
  EACCES: "This user may not write there (EACCES).",
  EPERM: "The system does not permit it (EPERM).",
  EROFS: "The file system is read-only (EROFS).",
  ENOENT: "A file or folder is missing (ENOENT).",
  ENOTDIR: "A file is in the place of a folder (ENOTDIR).",
  ENOSPC: "The disk is full (ENOSPC).",
  EDQUOT: "The disk quota is used up (EDQUOT).",
  EFBIG: "The file system cannot hold a file of this size (EFBIG).",
};

const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Returns the code of a system error, such as `EROFS`; null for another error. */
export function errnoOf(error: unknown): string | null {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : null;
}

/** Whether an error says that the disk is full. */
export function isDiskFull(error: unknown): boolean {
  return FULL.has(errnoOf(error) ?? "");
}

/** Returns a system error as a HubError that names the file and a way out. */
export function storeUnusable(message: string, file: string, cause: unknown, hint?: string): HubError {
  if (HubError.isInstance(cause)) return cause as HubError;
  const errno = errnoOf(cause);
  return new HubError({
    code: "store-unusable",
    message,
    reason: (errno && CAUSES[errno]) ?? (cause instanceof Error ? cause.message : undefined),
    hint:
      hint ??
      (isDiskFull(cause)
        ? "Free space with nanoagent models prune, or remove models that you do not need."
        : makeWritable(file)),
    cause,
  });
}

/** Returns the advice to make the folder of a file writable, or the nearest parent that exists. */
function makeWritable(file: string): string {
  let folder = path.dirname(path.resolve(file));
  while (!existsSync(folder) && path.dirname(folder) !== folder) folder = path.dirname(folder);
  return path.dirname(folder) === folder
    ? "Set HF_HUB_CACHE and XDG_DATA_HOME to folders that this user can write to."
    : `Make ${folder} writable, or set HF_HUB_CACHE and XDG_DATA_HOME to folders that are.`;
}
