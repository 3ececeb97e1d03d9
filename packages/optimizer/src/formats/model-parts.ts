import path from "node:path";

/** More files than any model is cut into: one of a trillion weights in parts of 2 GB has 600. */
export const MAX_PARTS = 1024;

/** `model-00001-of-00003.gguf`: the names that llama-gguf-split and Hugging Face give. */
const PART_NAME = /^(.*)-(\d{5})-of-(\d{5})(\.gguf|\.safetensors)$/s;

/** The files of a model that is in several of them. */
export interface ModelParts {
  /** In order. They are in one folder, and their names follow from that of the file that was named. */
  paths: readonly string[];
  /** Which of them was named, counted from 0. */
  index: number;
}

/** The files that belong together with this one, by its name; null for a name that is not one of several. */
export function modelParts(file: string): ModelParts | null {
  const [, stem, number, count, ending] = PART_NAME.exec(path.basename(file)) ?? [];
  if (stem === undefined || number === undefined || count === undefined) return null;
  const parts = Number(count);
  if (parts < 1 || parts > MAX_PARTS || Number(number) < 1 || Number(number) > parts) return null;
  const nameOf = (index: number) => `${stem}-${String(index + 1).padStart(5, "0")}-of-${count}${ending}`;
  // Not path.join: it would resolve what is a link.
  const folder = file.slice(0, file.length - path.basename(file).length);
  return { paths: Array.from({ length: parts }, (_, index) => folder + nameOf(index)), index: Number(number) - 1 };
}
