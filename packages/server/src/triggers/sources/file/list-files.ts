import { constants } from "node:fs";
import { open, opendir, stat } from "node:fs/promises";
import path from "node:path";
import { decodeText } from "@nanoagent/runtime/node";
import { type FilePattern, matchesName } from "./file-pattern.js";

/** Most files of a source. */
export const MAX_FILES = 10_000;
/** Largest file whose content is part of the event. */
const MAX_CONTENT_BYTES = 16 * 1024;

/** State of a file. */
export interface FileFacts {
  /** Time of the last change of its content, and its size: another content has another stamp. */
  readonly stamp: string;
  /** Time at which it changed, was moved here or was renamed, in milliseconds since 1970. */
  readonly changedAt: number;
  readonly modifiedAt: number;
  readonly sizeBytes: number;
}

/** Returns the names that match the pattern. Throws the error of the system, or an Error for too many files. */
export async function listNames({ folder, name: pattern }: FilePattern): Promise<string[]> {
  if (!pattern.includes("*")) return [pattern];
  const names: string[] = [];
  for await (const { name } of await opendir(folder)) {
    if (!matchesName(pattern, name)) continue;
    if (names.length >= MAX_FILES) throw new Error(`it has more than ${MAX_FILES} files that match`);
    names.push(name);
  }
  return names;
}

/** Returns the state of a file, or null where the name is not that of a file that this user can see. */
export async function readFacts(folder: string, name: string): Promise<FileFacts | null> {
  const found = await stat(path.join(folder, name), { bigint: true }).catch(() => null);
  if (found === null || !found.isFile()) return null;
  return {
    stamp: `${found.mtimeNs}:${found.size}`,
    changedAt: Math.max(Number(found.mtimeMs), Number(found.ctimeMs)),
    modifiedAt: Number(found.mtimeMs),
    sizeBytes: Number(found.size),
  };
}

/** Returns the content of a small text file, otherwise undefined. */
export async function readSmallText(file: string, sizeBytes: number): Promise<string | undefined> {
  if (sizeBytes > MAX_CONTENT_BYTES) return undefined;
  // Opening a pipe that took the place of the file would wait for a writer.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(() => null);
  if (handle === null) return undefined;
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(MAX_CONTENT_BYTES + 1), 0, MAX_CONTENT_BYTES + 1, 0);
    if (bytesRead > MAX_CONTENT_BYTES) return undefined;
    const decoded = decodeText(buffer.subarray(0, bytesRead));
    return "text" in decoded ? decoded.text : undefined;
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}
