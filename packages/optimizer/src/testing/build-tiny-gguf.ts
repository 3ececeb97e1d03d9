import { writeGguf } from "../formats/gguf/write-gguf.js";
import { type TinyGgufOptions, tinyGguf } from "./tiny-gguf.js";

/**
 * Builds a small GGUF file that llama.cpp loads and runs: random weights, and a real byte-level BPE tokenizer with the
 * control tokens and template of ChatML. Its output is noise. The same options give the same bytes. Matrices can be
 * `f32`, `f16`, `q8_0` and `q4_0`.
 */
export function buildTinyGguf(options: TinyGgufOptions = {}): Uint8Array {
  return writeGguf(tinyGguf(options));
}
