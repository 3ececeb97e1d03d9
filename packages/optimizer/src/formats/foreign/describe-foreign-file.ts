import { type ForeignFile, notModel } from "./foreign-file.js";
import { fileBySignature } from "./foreign-signatures.js";
import { fileByText } from "./foreign-texts.js";

/** Bytes that are enough to identify a file, such as the first keys of a configuration or the manifest of a model. */
export const SNIFFED_BYTES = 4096;

/** Describes a file that does not begin like a GGUF file, by its first bytes and its name. */
export function describeForeignFile(bytes: Uint8Array, path: string): ForeignFile {
  const start = { bytes, text: Buffer.from(bytes).toString("latin1"), path };
  const known = fileBySignature(start) ?? fileByText(start);
  if (known !== null) return known;
  const found = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  if (bytes.every((byte) => byte === 0 || byte === 0xff)) {
    const problem = bytes[0] === 0 ? "begins with only zeros" : `begins with ${found}, like an empty disk`;
    const hint = "Disk space was reserved for the file but not filled: download it again.";
    return { ...notModel(problem, hint), fault: "unknown" };
  }
  return {
    problem: `is not in the GGUF format: it begins with ${found} instead of 47 47 55 46, "GGUF"`,
    hint: "Use a model in the GGUF format. If you joined this file from parts, check their order and the first part.",
    fault: "unknown",
  };
}
