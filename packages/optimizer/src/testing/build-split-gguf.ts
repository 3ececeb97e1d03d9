import { type WritableValue, writeGguf } from "../formats/gguf/write-gguf.js";
import { type TinyGgufOptions, tinyGguf } from "./tiny-gguf.js";

/**
 * Builds the files of a split model as llama-gguf-split writes them: all metadata in the first, and an equal share of
 * the tensors in each. They belong under names such as `model-00001-of-00003.gguf`.
 */
export function buildSplitGguf(parts: number, options: TinyGgufOptions = {}): Uint8Array[] {
  const { metadata, tensors, ...rest } = tinyGguf(options);
  const share = Math.ceil(tensors.length / parts);
  const number = (type: "uint16" | "int32", value: number): WritableValue => ({ type, value });
  return Array.from({ length: parts }, (_, index) =>
    writeGguf({
      ...rest,
      metadata: {
        ...(index === 0 ? metadata : {}),
        "split.no": number("uint16", index),
        "split.count": number("uint16", parts),
        "split.tensors.count": number("int32", tensors.length),
      },
      tensors: tensors.slice(index * share, (index + 1) * share),
    }),
  );
}
