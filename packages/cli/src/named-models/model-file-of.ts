import { stat } from "node:fs/promises";
import path from "node:path";
import { pathOfFileUrl } from "@nanoagent/runtime/program";
import type { Streams } from "../streams.js";
import { findNamedModel } from "./find-named-model.js";

/** Beginnings and ends of texts that can only be paths: `./x`, `/x`, `..`, `C:\x`, `x.gguf`. */
const PATH_ONLY = /^\.{0,2}[\\/]|^\.{1,2}$|^[a-z]:[\\/]|\\|[\\/]$|\.(?:gguf|safetensors|onnx|bin|ya?ml|json)$/i;
/** Prefixes and schemes that can only be names. */
const NAME_ONLY = /^(?:hub:|hf:|ollama:|https?:)/i;

/**
 * Returns the absolute path of a model file that the command line gives as a path or as a model's name. A file of that
 * path comes first. A text that can only be a path is returned even if there is no such file.
 */
export async function modelFileOf(text: string, streams: Streams): Promise<string> {
  const file = path.resolve(pathOfFileUrl(text));
  return (await isName(text, file)) ? findNamedModel(text, streams) : file;
}

/** Whether a text is the name of a model: it is not a file, and looks like a name. */
export async function isModelName(text: string): Promise<boolean> {
  return isName(text, path.resolve(pathOfFileUrl(text)));
}

async function isName(text: string, file: string): Promise<boolean> {
  if (NAME_ONLY.test(text)) return true;
  if (PATH_ONLY.test(text) || /^file:/i.test(text)) return false;
  return (await stat(file).catch(() => null)) === null;
}
