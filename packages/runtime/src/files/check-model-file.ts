import { access, constants, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { addressIn, adviseOnAddress, BYTES_PER_MB } from "@nanoagent/models";
import { NanoRuntimeError } from "../nano-runtime-error.js";

/**
 * Rejects a model file that is missing, unreadable, outside `modelRoot`, or larger than the agent allows. `origin` is
 * the key or flag that names the file. Default: `model_path`.
 */
export async function checkModelFile(
  modelPath: string,
  maxModelSizeMb: number,
  modelRoot: string | null,
  origin = "model_path",
): Promise<void> {
  const bytes = await sizeOf(modelPath, origin);
  if (modelRoot !== null) await refuseOutside(modelPath, modelRoot);
  if (bytes <= maxModelSizeMb * BYTES_PER_MB) return;
  const sizeMb = Math.ceil((bytes / BYTES_PER_MB) * 10) / 10;
  throw new NanoRuntimeError({
    code: "model-too-large",
    message: `Model file is ${sizeMb} MB but the agent allows only ${maxModelSizeMb} MB.`,
    reason: modelPath,
    hint: `Raise spec.max_model_size_mb to ${Math.ceil(sizeMb)}, or use a smaller file (see nanoagent optimize).`,
  });
}

/** Throws if a file is outside the root. Links are followed. */
async function refuseOutside(modelPath: string, modelRoot: string): Promise<void> {
  const file = await realpath(modelPath);
  const root = await realpath(modelRoot).catch(() => path.resolve(modelRoot));
  if (file.startsWith(root.endsWith(path.sep) ? root : root + path.sep)) return;
  throw new NanoRuntimeError({
    code: "model-outside-root",
    message: `The model file ${modelPath} is outside ${modelRoot}.`,
    hint: "Move the file into that folder, or change model_root.",
  });
}

async function sizeOf(modelPath: string, origin: string): Promise<number> {
  try {
    const status = await stat(modelPath);
    if (!status.isFile()) throw unreadable(modelPath, "it is not a regular file", origin);
    await access(modelPath, constants.R_OK);
    return status.size;
  } catch (cause) {
    if (cause instanceof NanoRuntimeError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") throw unreadable(modelPath, message, origin, cause);
    const address = addressIn(modelPath);
    throw new NanoRuntimeError({
      code: "model-not-found",
      message:
        address === null
          ? `There is no model file at ${modelPath}.`
          : `${origin} must be a file path, but ${address} is an address.`,
      hint:
        address === null
          ? `Correct ${origin}, or omit it to run ${origin === "model_path" ? "on the built-in rules" : "as the config says"}.`
          : adviseOnAddress(address),
      cause,
    });
  }
}

function unreadable(modelPath: string, reason: string, origin: string, cause?: unknown): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "model-unreadable",
    message: `The model file ${modelPath} cannot be read.`,
    reason,
    hint: `Check ${origin} and the file's permissions.`,
    cause,
  });
}
