export { buildTinyGguf } from "./build-tiny-gguf.js";
export { KNOWN_MODELS, writeKnownModel, writeSparseGguf } from "./write-sparse-gguf.js";
export type { TinyArchitecture, TinyGgufOptions } from "./tiny-gguf.js";
