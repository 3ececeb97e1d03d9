import type { ModelFormat, ModelSummary } from "@nanoagent/models";
import { describeForeignFile, SNIFFED_BYTES, startsAsOnnx, startsAsSafetensors } from "./describe-foreign-file.js";
import { readGguf } from "./gguf/read-gguf.js";
import { summarizeGguf } from "./gguf/summarize-gguf.js";
import { readOnnx } from "./onnx/read-onnx.js";
import { isSafetensorsIndex, readSafetensors } from "./safetensors/read-safetensors.js";
import { withModelFile } from "./with-model-file.js";

/**
 * What a model file's header says, whichever format it is in: GGUF, safetensors (a file, one of several, or their
 * `.index.json`) or ONNX. No weight is read. Throws {@link InvalidModelFileError} for a file that is broken, hostile or
 * no model, and {@link UnreadableModelFileError} for one that the system does not let us read.
 */
export async function readModel(path: string): Promise<ModelSummary> {
  switch (await formatOf(path)) {
    case "gguf":
      return summarizeGguf(await readGguf(path));
    case "safetensors":
      return readSafetensors(path);
    case "onnx":
      return readOnnx(path);
  }
}

/** By the first bytes; by the name where these say nothing. What is no model at all is refused as no GGUF file. */
async function formatOf(path: string): Promise<ModelFormat> {
  const start = await withModelFile(path, async (source) => {
    const bytes = new Uint8Array(Math.min(SNIFFED_BYTES, source.length));
    return bytes.subarray(0, await source.read(0, bytes));
  });
  if (Buffer.from(start).toString("latin1", 0, 4) === "GGUF") return "gguf";
  if (startsAsSafetensors(start) || isSafetensorsIndex(path)) return "safetensors";
  if (startsAsOnnx(start)) return "onnx";
  if (start.length > 0 && describeForeignFile(start).isKnown) return "gguf";
  if (/\.safetensors$/i.test(path)) return "safetensors";
  return /\.onnx$/i.test(path) ? "onnx" : "gguf";
}
