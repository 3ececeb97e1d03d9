import path from "node:path";
import type { ModelSummary } from "@nanoagent/models";
import { cutText } from "@nanoagent/models";
import { InvalidModelFileError } from "../invalid-model-file-error.js";
import { MAX_PARTS, modelParts } from "../model-parts.js";
import { summarizeTensors } from "../summarize-tensors.js";
import { UnreadableModelFileError } from "../unreadable-model-file-error.js";
import { withModelFile } from "../with-model-file.js";
import { MAX_SAFETENSORS_TENSORS, parseObject, parseSafetensors, type SizedTensor } from "./parse-safetensors.js";

/** The index of the largest models has 100,000 lines of 100 bytes. */
const MAX_INDEX_BYTES = 32 * 2 ** 20;

/** Is this the list of the files of a model, and none of them? */
export function isSafetensorsIndex(file: string): boolean {
  return /\.safetensors\.index\.json$/i.test(file);
}

/**
 * The sum of a model's safetensors files. One of several may be named, by the name that Hugging Face gives it, or their
 * index. All files are in the same folder: an index that names another place is refused.
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
    if (source.length > MAX_INDEX_BYTES) fail("the file", `is larger than the ${MAX_INDEX_BYTES} bytes that are read`);
    const bytes = new Uint8Array(source.length);
    return parseObject(bytes.subarray(0, await source.read(0, bytes)));
  });
  const map = index?.weight_map;
  if (typeof map !== "object" || map === null || Array.isArray(map)) return fail("weight_map", "is no JSON object");
  const entries = Object.entries(map);
  if (entries.length > MAX_SAFETENSORS_TENSORS) fail("weight_map", `lists ${entries.length} tensors`);
  const names = new Set<string>();
  for (const [tensor, name] of entries) {
    if (!isPlainName(name)) {
      fail(
        `weight_map of ${cutText(tensor, 200)}`,
        `is ${cutText(JSON.stringify(name) ?? "", 200)}, and not a file of this folder`,
      );
    }
    names.add(name as string);
  }
  if (names.size > MAX_PARTS)
    fail("weight_map", `names ${names.size} files, and the most that are read are ${MAX_PARTS}`);
  const folder = file.slice(0, file.length - path.basename(file).length);
  const { summary, tensors } = await readAll([...names].sort().map((name) => folder + name));
  const found = new Set(tensors.map(({ name }) => name));
  for (const [tensor] of entries) {
    if (!found.has(tensor)) fail(`weight_map of ${cutText(tensor, 200)}`, "names a tensor that no file has");
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
        problem: `is part ${index + 1} of ${paths.length}, and is not there`,
        hint: "Download all parts of the model into one folder.",
      });
    });
    for (const tensor of listed) {
      if (names.has(tensor.name) || names.size >= MAX_SAFETENSORS_TENSORS) {
        const problem = names.has(tensor.name) ? "is in another part as well" : "is one too many";
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

/** The name of a file in the same folder, on any system. */
function isPlainName(name: unknown): boolean {
  return typeof name === "string" && /^[^/\\:\0]{1,255}$/.test(name) && name !== "." && name !== "..";
}
