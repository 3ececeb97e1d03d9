import { type ForeignFile, notModel } from "./foreign-file.js";
import { fileBySignature } from "./foreign-signatures.js";
import { fileByText } from "./foreign-texts.js";

/** Enough of a file to say what it is: the first keys of a configuration, the manifest of a model. */
export const SNIFFED_BYTES = 4096;

/** Describes a file that does not begin as a GGUF file does, by its first bytes and its name. */
export function describeForeignFile(bytes: Uint8Array, path: string): ForeignFile {
  const start = { bytes, text: Buffer.from(bytes).toString("latin1"), path };
  const known = fileBySignature(start) ?? fileByText(start);
  if (known !== null) return known;
  const found = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  if (bytes.every((byte) => byte === 0 || byte === 0xff)) {
    const problem = bytes[0] === 0 ? "begins with zeros alone" : `begins with ${found}, as an empty disk does`;
    const hint = "Room was made for the file, and it was not filled: download it again.";
    return { ...notModel(problem, hint), fault: "unknown" };
  }
  return {
    problem: `is not in the GGUF format: it begins with ${found} where 47 47 55 46, "GGUF", belongs`,
    hint: "Name a model in the GGUF format. If this one was put together from parts, they may be in the wrong order, or the first be missing.",
    fault: "unknown",
  };
}
