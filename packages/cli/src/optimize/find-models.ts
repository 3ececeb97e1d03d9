import { opendir, stat } from "node:fs/promises";
import path from "node:path";
import { addressIn, adviseOnAddress, NanoAgentError } from "@nanoagent/models";
import { type GgufHeader, InvalidModelFileError, isEstimated, readModelHeader } from "@nanoagent/optimizer";
import { pathOfFileUrl } from "@nanoagent/runtime/program";
import { UsageError } from "../errors/usage-error.js";

/** The models at a path. */
export interface FoundModels {
  path: string;
  /** Size of the largest model with all its files; null if the path does not exist. */
  largestBytes: number | null;
  /** Headers of the models that plans can be made for. */
  headers: GgufHeader[];
  notices: string[];
}

/** Most files of a folder that are looked at. */
const MAX_FILES = 10_000;
/** Most models of a folder: each takes a quarter of a second to plan on a small board. */
const MAX_MODELS = 64;
const MODEL_NAME = /\.(gguf|safetensors|onnx)$/i;
/** Names that say that a model is or was to be in the file: `model.gguf.part-aa`. */
const NAMED_AS_MODEL = /\.(gguf|safetensors|onnx)(?![a-z0-9])/i;
/** Files of a model in several parts, but for the first, which stands for all. */
const LATER_PART = /-(?!00001-of-)\d{5}-of-\d{5}\.(gguf|safetensors)$/i;

/**
 * Reads the header of the model at a path, or of all models in a folder, once each. A file that looks like a model by its
 * name or its first bytes and is broken is an error; in a folder it is a notice. A file that does not exist is an error if
 * `mustBeThere`.
 */
export async function findModels(named: string, { mustBeThere }: { mustBeThere: boolean }): Promise<FoundModels> {
  const modelPath = pathOfFileUrl(named);
  const status = await stat(modelPath).catch((cause: NodeJS.ErrnoException) => {
    const address = cause.code === "ENOENT" || cause.code === "ENOTDIR" ? addressIn(modelPath) : null;
    if (address !== null) {
      throw new UsageError({
        message: `${address} is an address and not a file.`,
        hint: adviseOnAddress(address),
        cause,
      });
    }
    if (!mustBeThere && (cause.code === "ENOENT" || cause.code === "ENOTDIR")) return null;
    throw new UsageError({
      message: cause.code === "ENOENT" ? `There is no model at ${modelPath}.` : `${modelPath} cannot be looked at.`,
      reason: cause.message,
      hint: "Check its path and its permissions.",
      cause,
    });
  });
  const found: FoundModels = { path: modelPath, largestBytes: null, headers: [], notices: [] };
  if (status === null) return found;
  if (status.isDirectory()) return readFolder(found);
  if (!status.isFile()) throw new UsageError({ message: `${modelPath} is not a file.`, hint: "Name one model file." });
  if (status.size === 0) {
    throw new UsageError({ message: `${modelPath} is empty.`, hint: "Was its download interrupted?" });
  }
  found.largestBytes = status.size;
  const isNamedAsModel = NAMED_AS_MODEL.test(path.basename(modelPath));
  try {
    await addModel(found, modelPath);
  } catch (error) {
    if (isNamedAsModel || mustBeThere || !holdsOtherWeights(error)) throw error;
    // Only its size is used.
  }
  return found;
}

/** Tells whether a file of any other name may hold weights all the same. */
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
  if (names.length > MAX_MODELS)
    found.notices.push(`Only the first ${MAX_MODELS} of ${names.length} models are looked at.`);
  if (found.largestBytes === null) {
    throw new UsageError({
      message: `There is no model in the folder ${found.path}${names.length > 0 ? " that can be read" : ""}.`,
      reason: found.notices.join(" ") || undefined,
      hint: "Name a folder with .gguf files, or one model file.",
    });
  }
  return found;
}

async function addModel(found: FoundModels, modelPath: string, mustBePlannable = false): Promise<void> {
  const { summary, gguf } = await readModelHeader(modelPath);
  // In a folder, a file that nothing can be planned for must not keep the others from being planned.
  if (mustBePlannable && gguf !== null) isEstimated(gguf);
  found.largestBytes = Math.max(found.largestBytes ?? 0, summary.file_bytes);
  if (gguf !== null) found.headers.push(gguf);
  else
    found.notices.push(`${path.basename(modelPath)} is a ${summary.format} file. Plans are made for GGUF files only.`);
}
