import { constants } from "node:fs";
import { type FileHandle, open, readdir } from "node:fs/promises";
import path from "node:path";

/** Bytes at the beginning of a file in which its format is looked for. */
const BEGINNING_BYTES = 4096;

/** Returns the number or name of a file's format as it is written at its beginning; null if none is found. Never rejects. */
export async function readFileFormat(file: string): Promise<number | string | null> {
  let handle: FileHandle | undefined;
  try {
    // Opening a pipe would wait for a writer. Windows has no such flag.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    if (!(await handle.stat()).isFile()) return null;
    const buffer = Buffer.alloc(BEGINNING_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, BEGINNING_BYTES, 0);
    return formatIn(buffer.toString("utf8", 0, bytesRead));
  } catch {
    return null;
  } finally {
    await handle?.close().catch(() => {});
  }
}

/** Returns the format of a session's newest file; null without one. Never rejects. */
export async function readJournalFormat(folder: string): Promise<number | string | null> {
  const names = await readdir(folder).catch(() => [] as string[]);
  const newest = names
    .filter((name) => /^journal-\d{16}\.jsonl$/.test(name))
    .sort()
    .at(-1);
  return newest === undefined ? null : readFileFormat(path.join(folder, newest));
}

/** Returns the first `"format"` in the beginning of a JSON text. */
function formatIn(text: string): number | string | null {
  const found = /"format"\s*:\s*(?:(\d{1,9})|"([\w.-]{1,40})")/.exec(text);
  if (found === null) return null;
  return found[1] === undefined ? (found[2] ?? null) : Number(found[1]);
}
