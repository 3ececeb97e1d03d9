export { buildTinyGguf } from "./build-tiny-gguf.js";
export { buildSplitGguf } from "./build-split-gguf.js";
export { buildStatefulGguf, type StatefulArchitecture } from "./build-stateful-gguf.js";
export { KNOWN_MODELS, writeKnownModel, writeSparseGguf } from "./write-sparse-gguf.js";
export { LOADABLE_ARCHITECTURES, PRE_TOKENIZERS, TOKENIZERS } from "../architectures/loadable-architectures.js";
export type { TinyArchitecture, TinyGgufOptions } from "./tiny-gguf.js";
