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
    message: `The download of ${path.basename(target)} stopped: no space is left in ${folder}.`,
    reason: `${FULL[errnoOf(cause) ?? ""] ?? "The disk is full."} ${missing} must be saved.`,
    hint: "Free space and run the same command again: the download continues where it stopped.",
    cause,
  });
}
