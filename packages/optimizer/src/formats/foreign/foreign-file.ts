/** A file that is not GGUF, as its first bytes and its name tell. */
export interface ForeignFile {
  /** The end of a sentence that begins with "the file": `is a web page`. */
  problem: string;
  hint: string;
  /** `not-a-model`: it holds no weights. `other-format`: it holds weights. `unknown`: its bytes do not tell. */
  fault: "not-a-model" | "other-format" | "unknown";
}

/** The beginning of a file, and its name. */
export interface FileStart {
  bytes: Uint8Array;
  /** The same bytes, one character each. */
  text: string;
  path: string;
}

export const CONVERT_HINT =
  "Take the GGUF file of this model, or make one: llama.cpp's convert_hf_to_gguf.py takes the folder with its .safetensors files and config.json.";
export const OTHER_FILE_HINT = "Take the GGUF file of this model: its name mostly ends in .gguf.";
export const DOWNLOAD_HINT =
  "Download the file itself: on Hugging Face its address has /resolve/ where that of its page has /blob/.";

export function notModel(problem: string, hint = OTHER_FILE_HINT): ForeignFile {
  return { problem, hint, fault: "not-a-model" };
}

export function otherFormat(problem: string, hint = CONVERT_HINT): ForeignFile {
  return { problem, hint, fault: "other-format" };
}

/** A path as one word of a shell's command. */
export function shellWord(path: string): string {
  if (/^[\w@%+=:,./\\-]+$/.test(path)) return path;
  return process.platform === "win32" ? `"${path}"` : `'${path.replaceAll("'", "'\\''")}'`;
}
