import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { type ElfReading, readElf } from "./read-elf.js";

/** Facts of an ELF file, or the reason why there are none. `reason` completes "The file …". */
export type ElfFileReading = ElfReading | { status: "unreadable"; reason: string };

/**
 * Reads the headers of an ELF file with a few small synchronous reads, which are faster than asynchronous ones. A file
 * that cannot be opened is a result, not an error.
 */
export function readElfFile(file: string): ElfFileReading {
  let descriptor: number | null = null;
  try {
    // Without O_NONBLOCK, opening a pipe waits for a writer.
    const opened = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    descriptor = opened;
    const status = fstatSync(opened);
    if (!status.isFile()) return { status: "unreadable", reason: "is not a regular file" };
    return readElf({
      length: status.size,
      read: (offset, target) => readSync(opened, target, 0, target.length, offset),
    });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    return { status: "unreadable", reason: code === "ENOENT" ? "is missing" : `cannot be read (${code})` };
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}
