import { constants } from "node:fs";
import { type FileHandle, open, readlink, realpath } from "node:fs/promises";
import path from "node:path";
import { decodeText } from "../files/decode-text.js";
import { readAtMost } from "../files/read-at-most.js";
import { InvalidSkillError } from "./invalid-skill-error.js";

/**
 * Reads a regular file that lies in `root` after resolving links. Throws {@link InvalidSkillError} for a file that lies
 * elsewhere, is longer than `maxBytes`, is not a regular file, or is not UTF-8 or UTF-16 text.
 */
export async function readTextWithin(root: string, file: string, maxBytes: number): Promise<string> {
  if (file.includes("\0")) throw new InvalidSkillError(file.replaceAll("\0", "\\0"), "a path cannot contain NUL");
  try {
    const real = await realpath(file);
    if (!isWithin(root, real)) throw outside(file);
    // Opening must not block on a pipe, or follow a link that replaced the file meanwhile.
    const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);
    const handle = await open(real, flags);
    try {
      // A parent folder may have been replaced in the meantime, so check the path of the open file where the system
      // reports it.
      const opened = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => real);
      if (!isWithin(root, opened)) throw outside(file);
      return decode(file, await readBounded(file, handle, maxBytes));
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (InvalidSkillError.isInstance(cause)) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new InvalidSkillError(file, failures[code ?? ""] ?? message, { hint: "Check the path.", cause });
  }
}

const failures: Partial<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "a part of its path is not a folder",
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  ELOOP: "its links form a loop, or it changed while it was read",
  ENAMETOOLONG: "its path is too long",
  EISDIR: "it is a folder",
};

export function isWithin(root: string, file: string): boolean {
  return file.startsWith(root.endsWith(path.sep) ? root : root + path.sep);
}

function outside(file: string): InvalidSkillError {
  return new InvalidSkillError(file, "it links outside the skills folder", {
    hint: "Copy the file into the skill. Links to other places are not followed.",
  });
}

async function readBounded(file: string, handle: FileHandle, maxBytes: number): Promise<Buffer> {
  const status = await handle.stat();
  if (!status.isFile()) throw new InvalidSkillError(file, "it is not a regular file");
  const bytes = await readAtMost(handle, status.size, maxBytes);
  if (bytes.length > maxBytes) {
    throw new InvalidSkillError(file, `it is larger than the limit of ${maxBytes} bytes`, {
      hint: "Split it into several files that the skill refers to.",
    });
  }
  return bytes;
}

function decode(file: string, bytes: Buffer): string {
  const decoded = decodeText(bytes);
  if ("text" in decoded) return decoded.text;
  throw new InvalidSkillError(file, decoded.reason, { hint: decoded.hint });
}
