/** A file that is not GGUF, identified by its first bytes and its name. */
export interface ForeignFile {
  /** The end of a sentence that begins with "the file": `is a web page`. */
  problem: string;
  hint: string;
  /** `not-a-model`: no weights. `other-format`: weights in another format. `unknown`: not recognized. */
  fault: "not-a-model" | "other-format" | "unknown";
}

/** The beginning of a file, and its name. */
export interface FileStart {
  bytes: Uint8Array;
  /** The same bytes as Latin-1 text. */
  text: string;
  path: string;
}

export const CONVERT_HINT =
  "Use the GGUF file of this model, or create one: run convert_hf_to_gguf.py of llama.cpp on the folder with its " +
  ".safetensors files and config.json.";
export const OTHER_FILE_HINT = "Use the GGUF file of this model: its name usually ends in .gguf.";
export const DOWNLOAD_HINT =
  "Download the file itself: on Hugging Face, replace /blob/ in the address of its page by /resolve/.";

export function notModel(problem: string, hint = OTHER_FILE_HINT): ForeignFile {
  return { problem, hint, fault: "not-a-model" };
}

export function otherFormat(problem: string, hint = CONVERT_HINT): ForeignFile {
  return { problem, hint, fault: "other-format" };
}

/** Quotes a path as one word of a shell command. */
export function shellWord(path: string): string {
  if (/^[\w@%+=:,./\\-]+$/.test(path)) return path;
  return process.platform === "win32" ? `"${path}"` : `'${path.replaceAll("'", "'\\''")}'`;
}
