import type { GgufHeader } from "../../src/formats/gguf/gguf-header.js";
import { parseGguf } from "../../src/formats/gguf/parse-gguf.js";
import { type WritableGguf, writeGgufHeader } from "../../src/formats/gguf/write-gguf.js";
import type { TinyGgufOptions } from "../../src/testing/index.js";
import { tinyGguf } from "../../src/testing/tiny-gguf.js";
import { MemorySource } from "../memory-source.js";

/** Returns the header of a model of any size. The weights are never created. */
export function headerOf(options: TinyGgufOptions = {}): Promise<GgufHeader> {
  return headerOfContents(tinyGguf(options));
}

export function headerOfContents(contents: WritableGguf): Promise<GgufHeader> {
  const { bytes, fileBytes } = writeGgufHeader(contents);
  return parseGguf("model.gguf", new MemorySource(bytes, fileBytes));
}
