import { HubError } from "../hub-error.js";

/** Bytes that are enough to recognize a file. */
export const FIRST_BYTES = 4;

/** Throws if a file that is named as a GGUF file begins with something else. */
export function checkFirstBytes(file: string, bytes: Buffer, host: string): void {
  if (!file.toLowerCase().endsWith(".gguf") || bytes.toString("latin1", 0, 4) === "GGUF") return;
  const text = bytes.toString("latin1", 0, 200).trimStart().toLowerCase();
  const found = text.startsWith("vers")
    ? {
        kind: "a pointer of Git LFS",
        hint: "Check HF_ENDPOINT: a mirror that copies the repository with git must fetch its LFS files too.",
      }
    : text.startsWith("<")
      ? { kind: "an HTML page", hint: "Check the address, and that no login page of the network answers instead." }
      : { kind: "other data", hint: "Check the address." };
  throw new HubError({
    code: "download-damaged",
    message: `${host} sends ${found.kind} instead of ${file}.`,
    reason: "The data does not begin as a GGUF file does.",
    hint: found.hint,
  });
}
