import path from "node:path";

/** Most files of a split model. A model of a trillion weights in parts of 2 GB has 600. */
export const MAX_PARTS = 1024;

/** Names by llama-gguf-split and Hugging Face: `model-00001-of-00003.gguf`. */
const PART_NAME = /^(.*)-(\d{5})-of-(\d{5})(\.gguf|\.safetensors)$/s;

/** The files of a split model. */
export interface ModelParts {
  /**
   * Paths of all parts, in order. They are in the folder of the given file, and their names are derived from its name.
   */
  paths: readonly string[];
  /** Index of the given file, from 0. */
  index: number;
}

/** Returns all parts of a split model, derived from the name of one part; null for any other name. */
export function modelParts(file: string): ModelParts | null {
  const [, stem, number, count, ending] = PART_NAME.exec(path.basename(file)) ?? [];
  if (stem === undefined || number === undefined || count === undefined) return null;
  const parts = Number(count);
  if (parts < 1 || parts > MAX_PARTS || Number(number) < 1 || Number(number) > parts) return null;
  const nameOf = (index: number) => `${stem}-${String(index + 1).padStart(5, "0")}-of-${count}${ending}`;
  // Not path.join, which would normalize the path and change the meaning of links.
  const folder = file.slice(0, file.length - path.basename(file).length);
  return { paths: Array.from({ length: parts }, (_, index) => folder + nameOf(index)), index: Number(number) - 1 };
}
