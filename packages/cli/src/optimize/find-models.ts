import { opendir, stat } from "node:fs/promises";
import path from "node:path";
import { addressIn, adviseOnAddress, NanoAgentError } from "@nanoagent/models";
import { type GgufHeader, InvalidModelFileError, isEstimated, readModelHeader } from "@nanoagent/optimizer";
import { pathOfFileUrl } from "@nanoagent/runtime/program";
import { UsageError } from "../errors/usage-error.js";

/** Models at a path. */
export interface FoundModels {
  path: string;
  /** Size of the largest model with all its files; null if the path does not exist. */
  largestBytes: number | null;
  /** Headers of the models that plans can be made for. */
  headers: GgufHeader[];
  notices: string[];
}

/** Most entries of a folder that are read. */
const MAX_FILES = 10_000;
/** Most models of a folder: each takes a quarter of a second to plan on a small board. */
const MAX_MODELS = 64;
const MODEL_NAME = /\.(gguf|safetensors|onnx)$/i;
/** Names of files that contain a model or a part of one: `model.gguf.part-aa`. */
const NAMED_AS_MODEL = /\.(gguf|safetensors|onnx)(?![a-z0-9])/i;
/** Files of a split model, except the first, which represents all of them. */
const LATER_PART = /-(?!00001-of-)\d{5}-of-\d{5}\.(gguf|safetensors)$/i;

/**
 * Reads the header of the model at a path, or of each model in a folder. A broken file that looks like a model by its
 * name or first bytes is an error; in a folder it is a notice. A missing file is an error if `mustBeThere`.
 */
export async function findModels(named: string, { mustBeThere }: { mustBeThere: boolean }): Promise<FoundModels> {
  const modelPath = pathOfFileUrl(named);
  const status = await stat(modelPath).catch((cause: NodeJS.ErrnoException) => {
    const address = cause.code === "ENOENT" || cause.code === "ENOTDIR" ? addressIn(modelPath) : null;
    if (address !== null) {
      throw new UsageError({
        message: `${address} is an address, not a file.`,
        hint: adviseOnAddress(address),
        cause,
      });
    }
    if (!mustBeThere && (cause.code === "ENOENT" || cause.code === "ENOTDIR")) return null;
    throw new UsageError({
      message: cause.code === "ENOENT" ? `There is no model at ${modelPath}.` : `Cannot read ${modelPath}.`,
      reason: cause.message,
      hint: "Check its path and its permissions.",
      cause,
    });
  });
  const found: FoundModels = { path: modelPath, largestBytes: null, headers: [], notices: [] };
  if (status === null) return found;
  if (status.isDirectory()) return readFolder(found);
  if (!status.isFile()) throw new UsageError({ message: `${modelPath} is not a file.`, hint: "Pass a model file." });
  if (status.size === 0) {
    throw new UsageError({ message: `${modelPath} is empty.`, hint: "Download it again." });
  }
  found.largestBytes = status.size;
  const isNamedAsModel = NAMED_AS_MODEL.test(path.basename(modelPath));
  try {
    await addModel(found, modelPath);
  } catch (error) {
    if (isNamedAsModel || mustBeThere || !holdsOtherWeights(error)) throw error;
    // Only the file's size is used.
  }
  return found;
}

/** Returns whether the file may contain weights in another format. */
function holdsOtherWeights(error: unknown): boolean {
  return error instanceof InvalidModelFileError && (error.fault === "other-format" || error.fault === "unknown");
}

async function readFolder(found: FoundModels): Promise<FoundModels> {
  const names: string[] = [];
  let seen = 0;
  for await (const entry of await opendir(found.path)) {
    if (++seen > MAX_FILES) break;
    if (!entry.isDirectory() && MODEL_NAME.test(entry.name) && !LATER_PART.test(entry.name)) names.push(entry.name);
  }
  names.sort();
  for (const name of names.slice(0, MAX_MODELS)) {
    try {
      await addModel(found, path.join(found.path, name), true);
    } catch (error) {
      if (!NanoAgentError.isInstance(error)) throw error;
      found.notices.push(`${name} is left out: ${error.message}`);
    }
  }
  if (names.length > MAX_MODELS) found.notices.push(`Only the first ${MAX_MODELS} of ${names.length} models are read.`);
  if (found.largestBytes === null) {
    throw new UsageError({
      message: `There is no ${names.length > 0 ? "readable " : ""}model in the folder ${found.path}.`,
      reason: found.notices.join(" ") || undefined,
      hint: "Pass a folder with .gguf files, or a model file.",
    });
  }
  return found;
}

async function addModel(found: FoundModels, modelPath: string, mustBePlannable = false): Promise<void> {
  const { summary, gguf } = await readModelHeader(modelPath);
  // In a folder, a file that cannot be planned must not prevent plans for the others.
  if (mustBePlannable && gguf !== null) isEstimated(gguf);
  found.largestBytes = Math.max(found.largestBytes ?? 0, summary.file_bytes);
  if (gguf !== null) found.headers.push(gguf);
  else
    found.notices.push(`${path.basename(modelPath)} is a ${summary.format} file. Plans are made for GGUF files only.`);
}
