import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { decodeText } from "./decode-text.js";
import { readAtMost } from "./read-at-most.js";

/** Why a file could not be read as text. */
export interface UnreadableText {
  readonly kind: "folder" | "irregular" | "too-large" | "binary" | "other";
  /** Reason as a clause. */
  readonly reason: string;
  readonly hint: string;
  readonly cause?: unknown;
}

/**
 * Reads a text file of at most `maxBytes`: UTF-8 or UTF-16, with or without a byte order mark. Never waits for a pipe.
 */
export async function readBoundedText(file: string, maxBytes: number): Promise<{ text: string } | UnreadableText> {
  try {
    // Opening a named pipe must not wait for its other end.
    const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const status = await handle.stat();
      if (status.isDirectory()) return { kind: "folder", reason: "it is a folder", hint: "Pass a file in it." };
      if (!status.isFile())
        return { kind: "irregular", reason: "it is not a regular file", hint: "Save it to a file first." };
      const bytes = await readAtMost(handle, status.size, maxBytes);
      if (bytes.length > maxBytes) {
        const reason = `it has ${Math.max(status.size, bytes.length)} bytes, and at most ${maxBytes} are read`;
        return { kind: "too-large", reason, hint: "Split it into several files." };
      }
      const decoded = decodeText(bytes);
      if ("text" in decoded) return decoded;
      return { kind: decoded.isBinary ? "binary" : "other", reason: decoded.reason, hint: decoded.hint };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const [reason, hint] = readFailures[code ?? ""] ?? [message, "Check the path and the permissions of the file."];
    return { kind: code === "EISDIR" ? "folder" : "other", reason, hint, cause };
  }
}

const readFailures: Partial<Record<string, [reason: string, hint: string]>> = {
  ENOENT: ["there is no such file", "Check the path; it is relative to the folder you are in."],
  ENOTDIR: ["a part of its path is not a folder", "Check the path."],
  EACCES: ["permission is denied", "Allow this user to read it: chmod u+r."],
  EPERM: ["permission is denied", "Allow this user to read it."],
  EISDIR: ["it is a folder", "Pass a file in it."],
};
