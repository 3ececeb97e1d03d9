import { stat } from "node:fs/promises";
import path from "node:path";
import { NanoAgentError } from "@nanoagent/models";
import { pathOfFileUrl } from "@nanoagent/runtime/program";
import type { Streams } from "../streams.js";
import { findNamedModel } from "./find-named-model.js";

/** Beginnings and ends of texts that can only be paths: `./x`, `/x`, `..`, `C:\x`, `x.gguf`. */
const PATH_ONLY = /^\.{0,2}[\\/]|^\.{1,2}$|^[a-z]:[\\/]|\\|[\\/]$|\.(?:gguf|safetensors|onnx|bin|ya?ml|json)$/i;
/** Prefixes and schemes that can only be names. */
const NAME_ONLY = /^(?:hub:|hf:|ollama:|https?:)/i;

/** Codes of errors that say that no model has a name. */
const NOT_HERE = new Set(["model-unknown", "model-not-downloaded", "invalid-model-name"]);

/**
 * Returns the absolute path of a model file that the command line gives as a path or as a model's name. A file of that
 * path comes first. A text that can only be a path is returned even if the file is missing.
 */
export async function modelFileOf(text: string, streams: Streams): Promise<string> {
  const file = path.resolve(pathOfFileUrl(text));
  if (!(await isName(text, file))) return file;
  const isFolder = (await stat(file).catch(() => null)) !== null;
  return findNamedModel(text, streams).catch((error: unknown) => {
    if (isFolder) return file;
    if (!NanoAgentError.isInstance(error) || text.includes(":") || !NOT_HERE.has(error.code)) throw error;
    const { code, message, reason, hint } = error;
    // The text may have been meant as a path.
    const both = [reason, `${text} is not a file either.`].filter(Boolean).join(" ");
    throw new NanoAgentError({ code, message, reason: both, hint: hint ?? undefined, cause: error });
  });
}

/** Whether a text is the name of a model: it is not a file, and looks like a name. */
export async function isModelName(text: string): Promise<boolean> {
  return isName(text, path.resolve(pathOfFileUrl(text)));
}

async function isName(text: string, file: string): Promise<boolean> {
  if (NAME_ONLY.test(text)) return true;
  if (PATH_ONLY.test(text) || /^file:/i.test(text)) return false;
  // A folder is not a model: a clone of a repository may have the repository's name.
  return !(await stat(file).then(
    (status) => !status.isDirectory(),
    () => false,
  ));
}
