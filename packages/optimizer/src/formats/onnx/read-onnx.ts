import path from "node:path";
import type { ModelSummary } from "@nanoagent/models";
import { cutText } from "@nanoagent/models";
import { InvalidModelFileError } from "../invalid-model-file-error.js";
import { MAX_PARTS } from "../model-parts.js";
import { summarizeTensors } from "../summarize-tensors.js";
import { UnreadableModelFileError } from "../unreadable-model-file-error.js";
import { withModelFile } from "../with-model-file.js";
import { parseOnnx } from "./parse-onnx.js";

/**
 * Reads the sizes of an ONNX model, including its external data files. The data is not read: the files must only exist
 * inside the model's folder and be long enough.
 */
export async function readOnnx(file: string): Promise<ModelSummary> {
  const { contents, modelBytes } = await withModelFile(file, async (source) => ({
    contents: await parseOnnx(file, source),
    modelBytes: source.length,
  }));
  const bytesByLocation = new Map<string, number>();
  for (const { tensor, location, offset, bytes } of contents.external) {
    const fail = (problem: string, hint?: string): never => {
      throw new InvalidModelFileError({
        path: file,
        field: `tensor ${cutText(tensor, 200)}`,
        offset: 0,
        problem,
        hint,
      });
    };
    let fileBytes = bytesByLocation.get(location);
    if (fileBytes === undefined) {
      if (bytesByLocation.size >= MAX_PARTS) fail(`exceeds the limit of ${MAX_PARTS} external data files`);
      fileBytes = await bytesOf(path.join(path.dirname(file), location), () =>
        fail(`has its data in ${location}, which is missing`, "Download that file into the same folder."),
      );
      bytesByLocation.set(location, fileBytes);
    }
    if (offset + bytes > fileBytes) {
      fail(
        `has its data up to byte ${offset + bytes} of ${location}, which has only ${fileBytes} bytes`,
        "The download of that file is incomplete, or the file is damaged: download it again.",
      );
    }
  }
  const externalBytes = [...bytesByLocation.values()].reduce((sum, bytes) => sum + bytes, 0);
  return summarizeTensors("onnx", contents.tensors, modelBytes + externalBytes, contents.name);
}

function bytesOf(file: string, failMissing: () => never): Promise<number> {
  return withModelFile(file, async (source) => source.length).catch((error: unknown) => {
    if (error instanceof UnreadableModelFileError && error.code === "model-not-found") return failMissing();
    throw error;
  });
}
