import { readdir } from "node:fs/promises";
import path from "node:path";
import { type ElfFileReading, readElfFile } from "./read-elf-file.js";

/** A native file of a package, and its parsed headers. */
export interface NativeFile {
  name: string;
  reading: ElfFileReading;
}

/** Most native files per package. llama.cpp's package for x64 has twenty. */
const MAX_FILES = 256;

/** Reads the headers of all `.node` and `.so` files in a folder, ordered by name. */
export async function readNativeFiles(folder: string): Promise<NativeFile[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => /\.node$|\.so(\.\d+)*$/.test(name))
    .sort()
    .slice(0, MAX_FILES)
    .map((name) => ({ name, reading: readElfFile(path.join(folder, name)) }));
}
