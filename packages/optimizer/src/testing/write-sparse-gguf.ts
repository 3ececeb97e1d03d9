import { open } from "node:fs/promises";
import { type WritableGguf, writeGgufHeader } from "../formats/gguf/write-gguf.js";
import { architectureModel } from "./architecture-model.js";
import { ARCHITECTURE_MODELS, PLAIN_MODELS } from "./known-models.js";
import { type TinyGgufOptions, tinyGguf } from "./tiny-gguf.js";

/**
 * Writes a model of any size and of any type of weights whose header is real and whose weights are a hole in the file:
 * they read as zeros and take no space. For what looks at headers, and for engines that are to count and not to answer.
 */
export async function writeSparseGguf(path: string, options: TinyGgufOptions = {}): Promise<void> {
  await writeSparse(path, tinyGguf(options));
}

/** Models that exist, by name: `SmolLM2-135M`, `Gemma-3-1B`, `Qwen3-30B-A3B` … */
export const KNOWN_MODELS: readonly string[] = [...Object.keys(PLAIN_MODELS), ...Object.keys(ARCHITECTURE_MODELS)];

/**
 * The same with the figures of one of {@link KNOWN_MODELS}, its layers and its vocabulary's size; what the tokens are
 * is made up. All matrices are in one type, `q8_0` unless another is named. Throws a RangeError for another name.
 */
export async function writeKnownModel(path: string, name: string, weightType = "q8_0"): Promise<void> {
  await writeSparse(path, knownModel(name, weightType));
}

function knownModel(name: string, weightType: string): WritableGguf {
  const known = ARCHITECTURE_MODELS[name];
  if (known !== undefined) return architectureModel(known[0], { ...known[1], weightType });
  if (!Object.hasOwn(PLAIN_MODELS, name)) throw new RangeError(`There is no model "${name}" among ${KNOWN_MODELS}`);
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
