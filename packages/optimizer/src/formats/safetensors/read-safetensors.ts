import path from "node:path";
import type { ModelSummary } from "@nanoagent/models";
import { cutText } from "@nanoagent/models";
import { InvalidModelFileError } from "../invalid-model-file-error.js";
import { MAX_PARTS, modelParts } from "../model-parts.js";
import { summarizeTensors } from "../summarize-tensors.js";
import { UnreadableModelFileError } from "../unreadable-model-file-error.js";
import { withModelFile } from "../with-model-file.js";
import { MAX_SAFETENSORS_TENSORS, parseObject, parseSafetensors, type SizedTensor } from "./parse-safetensors.js";

/** Largest index. That of the largest models has 100,000 lines of 100 bytes. */
const MAX_INDEX_BYTES = 32 * 2 ** 20;

/** Whether a file is the index of a model in several files. */
export function isSafetensorsIndex(file: string): boolean {
  return /\.safetensors\.index\.json$/i.test(file);
}

/**
 * Reads and summarizes a model in safetensors files. For a split model, `file` can be any part under its Hugging Face
 * name, or the index. All files must be in the same folder: an index that names another folder is refused.
 */
export async function readSafetensors(file: string): Promise<ModelSummary> {
  if (isSafetensorsIndex(file)) return readIndexed(file);
  const parts = modelParts(file);
  return (await readAll(parts === null ? [file] : parts.paths)).summary;
}

async function readIndexed(file: string): Promise<ModelSummary> {
  const fail = (field: string, problem: string): never => {
    throw new InvalidModelFileError({ path: file, field, offset: 0, problem });
  };
  const index = await withModelFile(file, async (source) => {
    if (source.length > MAX_INDEX_BYTES) fail("the file", `exceeds the limit of ${MAX_INDEX_BYTES} bytes`);
    const bytes = new Uint8Array(source.length);
    return parseObject(bytes.subarray(0, await source.read(0, bytes)));
  });
  const map = index?.weight_map;
  if (typeof map !== "object" || map === null || Array.isArray(map)) return fail("weight_map", "is not a JSON object");
  const entries = Object.entries(map);
  if (entries.length > MAX_SAFETENSORS_TENSORS)
    fail("weight_map", `lists more than ${MAX_SAFETENSORS_TENSORS} tensors`);
  const names = new Set<string>();
  for (const [tensor, name] of entries) {
    if (!isPlainName(name)) {
      fail(
        `weight_map of ${cutText(tensor, 200)}`,
        `is ${cutText(JSON.stringify(name) ?? "", 200)}, not a file of this folder`,
      );
    }
    names.add(name as string);
  }
  if (names.size > MAX_PARTS) fail("weight_map", `names ${names.size} files, but the limit is ${MAX_PARTS}`);
  const folder = file.slice(0, file.length - path.basename(file).length);
  const { summary, tensors } = await readAll([...names].sort().map((name) => folder + name));
  const found = new Set(tensors.map(({ name }) => name));
  for (const [tensor] of entries) {
    if (!found.has(tensor)) fail(`weight_map of ${cutText(tensor, 200)}`, "is a tensor that no file contains");
  }
  return summary;
}

async function readAll(paths: readonly string[]): Promise<{ summary: ModelSummary; tensors: SizedTensor[] }> {
  const tensors: SizedTensor[] = [];
  const names = new Set<string>();
  let fileBytes = 0;
  for (const [index, part] of paths.entries()) {
    const listed = await withModelFile(part, async (source) => {
      fileBytes += source.length;
      return parseSafetensors(part, source);
    }).catch((error: unknown) => {
      if (paths.length === 1 || !(error instanceof UnreadableModelFileError) || error.code !== "model-not-found")
        throw error;
      throw new InvalidModelFileError({
        path: part,
        field: "the file",
        offset: 0,
        problem: `is part ${index + 1} of ${paths.length} and is missing`,
        hint: "Download all parts of the model into one folder.",
      });
    });
    for (const tensor of listed) {
      if (names.has(tensor.name) || names.size >= MAX_SAFETENSORS_TENSORS) {
        const problem = names.has(tensor.name) ? "is also in another part" : "exceeds the limit of tensors";
        throw new InvalidModelFileError({
          path: part,
          field: `tensor ${cutText(tensor.name, 200)}`,
          offset: 0,
          problem,
        });
      }
      names.add(tensor.name);
      tensors.push(tensor);
    }
  }
  return { summary: summarizeTensors("safetensors", tensors, fileBytes), tensors };
}

/** Whether a value is the name of a file in the same folder, on any system. */
function isPlainName(name: unknown): boolean {
  return typeof name === "string" && /^[^/\\:\0]{1,255}$/.test(name) && name !== "." && name !== "..";
}
