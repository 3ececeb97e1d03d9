import { open } from "node:fs/promises";
import { type WritableGguf, writeGgufHeader } from "../formats/gguf/write-gguf.js";
import { architectureModel } from "./architecture-model.js";
import { ARCHITECTURE_MODELS, PLAIN_MODELS } from "./known-models.js";
import { type TinyGgufOptions, tinyGguf } from "./tiny-gguf.js";

/**
 * Writes a model of any size and weight type with a real header and a hole in the file for the weights: they read as
 * zeros and need no disk space. For tests of header readers, and for engines that only compute.
 */
export async function writeSparseGguf(path: string, options: TinyGgufOptions = {}): Promise<void> {
  await writeSparse(path, tinyGguf(options));
}

/** Names of real models: `SmolLM2-135M`, `Gemma-3-1B`, `Qwen3-30B-A3B` … */
export const KNOWN_MODELS: readonly string[] = [...Object.keys(PLAIN_MODELS), ...Object.keys(ARCHITECTURE_MODELS)];

/**
 * Writes a sparse file with the figures of one of {@link KNOWN_MODELS}, including layers and vocabulary size; the
 * tokens are made up. All matrices have the same type, `q8_0` by default. Throws a RangeError for an unknown name.
 */
export async function writeKnownModel(path: string, name: string, weightType = "q8_0"): Promise<void> {
  await writeSparse(path, knownModel(name, weightType));
}

function knownModel(name: string, weightType: string): WritableGguf {
  const known = ARCHITECTURE_MODELS[name];
  if (known !== undefined) return architectureModel(known[0], { ...known[1], weightType });
  if (!Object.hasOwn(PLAIN_MODELS, name)) throw new RangeError(`Unknown model "${name}". Known: ${KNOWN_MODELS}`);
  const plain = PLAIN_MODELS[name as keyof typeof PLAIN_MODELS];
  return tinyGguf({ contextTokens: 32_768, ...plain, weightType });
}

async function writeSparse(path: string, contents: WritableGguf): Promise<void> {
  const { bytes, fileBytes } = writeGgufHeader(contents);
  const file = await open(path, "w");
  try {
    await file.writeFile(bytes);
    await file.truncate(fileBytes);
  } finally {
    await file.close();
  }
}
