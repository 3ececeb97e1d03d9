import { writeGguf } from "../formats/gguf/write-gguf.js";
import { type TinyGgufOptions, tinyGguf } from "./tiny-gguf.js";

/**
 * A small model as the bytes of a GGUF file that llama.cpp loads and runs: random weights, and a real byte-level BPE
 * tokenizer with ChatML's control tokens and template. What it says is noise; that it says it is real. The same options
 * make the same bytes. Matrices can be `f32`, `f16`, `q8_0` and `q4_0`.
 */
export function buildTinyGguf(options: TinyGgufOptions = {}): Uint8Array {
  return writeGguf(tinyGguf(options));
}
