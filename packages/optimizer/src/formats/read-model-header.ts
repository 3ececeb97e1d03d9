import type { ModelFormat, ModelSummary } from "@nanoagent/models";
import { describeForeignFile, SNIFFED_BYTES } from "./foreign/describe-foreign-file.js";
import { startsAsOnnx, startsAsSafetensors } from "./foreign/foreign-signatures.js";
import type { GgufHeader } from "./gguf/gguf-header.js";
import { readGguf } from "./gguf/read-gguf.js";
import { summarizeGguf } from "./gguf/summarize-gguf.js";
import { readOnnx } from "./onnx/read-onnx.js";
import { isSafetensorsIndex, readSafetensors } from "./safetensors/read-safetensors.js";
import { withModelFile } from "./with-model-file.js";

/** The header of a model file. */
export interface ModelHeader {
  /** Facts that every format contains. */
  summary: ModelSummary;
  /** The complete header of a GGUF file; null for other formats. */
  gguf: GgufHeader | null;
}

/** Reads a model file like `readModel`, and returns the complete header of a GGUF file beside the summary. */
export async function readModelHeader(path: string): Promise<ModelHeader> {
  switch (await formatOf(path)) {
    case "gguf": {
      const gguf = await readGguf(path);
      return { summary: summarizeGguf(gguf), gguf };
    }
    case "safetensors":
      return { summary: await readSafetensors(path), gguf: null };
    case "onnx":
      return { summary: await readOnnx(path), gguf: null };
  }
}

/**
 * Detects the format by the first bytes, or by the name. Unknown files count as GGUF, whose reader reports the problem.
 */
async function formatOf(path: string): Promise<ModelFormat> {
  const start = await withModelFile(path, async (source) => {
    const bytes = new Uint8Array(Math.min(SNIFFED_BYTES, source.length));
    return bytes.subarray(0, await source.read(0, bytes));
  });
  if (Buffer.from(start).toString("latin1", 0, 4) === "GGUF") return "gguf";
  if (startsAsSafetensors(start) || isSafetensorsIndex(path)) return "safetensors";
  if (startsAsOnnx(start)) return "onnx";
  if (start.length > 0 && describeForeignFile(start, path).fault !== "unknown") return "gguf";
  if (/\.safetensors$/i.test(path)) return "safetensors";
  return /\.onnx$/i.test(path) ? "onnx" : "gguf";
}
