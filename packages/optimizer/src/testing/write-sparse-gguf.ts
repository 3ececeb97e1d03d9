import { open } from "node:fs/promises";
import { writeGgufHeader } from "../formats/gguf/write-gguf.js";
import { type TinyGgufOptions, tinyGguf } from "./tiny-gguf.js";

/**
 * Writes a model of any size and of any type of weights whose header is real and whose weights are a hole in the file:
 * they read as zeros and take no space. For what looks at headers, and for engines that are to count and not to answer.
 */
export async function writeSparseGguf(path: string, options: TinyGgufOptions = {}): Promise<void> {
  const { bytes, fileBytes } = writeGgufHeader(tinyGguf(options));
  const file = await open(path, "w");
  try {
    await file.writeFile(bytes);
    await file.truncate(fileBytes);
  } finally {
    await file.close();
  }
}
