import path from "node:path";
import { errnoOf, isDiskFull, storeUnusable } from "../files/store-unusable.js";
import { HubError } from "../hub-error.js";

const FULL: Readonly<Record<string, string>> = {
  ENOSPC: "The disk is full (ENOSPC).",
  EDQUOT: "The disk quota is used up (EDQUOT).",
  EFBIG: "The file system or a limit of this user does not allow a file of this size (EFBIG).",
};

/** Turns the failure of a file operation of a download into a HubError. `missingBytes`: the part that is not saved yet. */
export function fileError(cause: unknown, target: string, missingBytes: number | null): HubError {
  const folder = path.dirname(target);
  if (HubError.isInstance(cause) || !isDiskFull(cause)) {
    return storeUnusable(`Cannot write to ${folder}.`, target, cause);
  }
  const missing = missingBytes === null ? "The rest" : `${missingBytes} more bytes`;
  return new HubError({
    code: "download-failed",
    message: `The download of ${shownName(target)} stopped: no space is left in ${folder}.`,
    reason: `${FULL[errnoOf(cause) ?? ""] ?? "The disk is full."} ${missing} must be saved.`,
    hint: "Free space and run the same command again: the download continues where it stopped.",
    cause,
  });
}

/** Returns the repository of a blob in the hub's cache, whose own name is a hash; otherwise the name of the file. */
function shownName(target: string): string {
  const name = path.basename(target);
  const repository = /^models--(.+)$/.exec(path.basename(path.dirname(path.dirname(target))))?.[1];
  return repository !== undefined && /^[0-9a-f]{40,64}$/.test(name) ? repository.replaceAll("--", "/") : name;
}
