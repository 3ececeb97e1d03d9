import { readdir } from "node:fs/promises";
import path from "node:path";
import { type ElfFileReading, readElfFile } from "./read-elf-file.js";

/** A native file of a package, and what its headers say. */
export interface NativeFile {
  name: string;
  reading: ElfFileReading;
}

/** Most native files that a package may have; that of llama.cpp for x64 has twenty. */
const MAX_FILES = 256;

/** Reads the headers of every `.node` and `.so` file in a folder, in the order of their names. */
export async function readNativeFiles(folder: string): Promise<NativeFile[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => /\.node$|\.so(\.\d+)*$/.test(name))
    .sort()
    .slice(0, MAX_FILES)
    .map((name) => ({ name, reading: readElfFile(path.join(folder, name)) }));
}
