/** Longest word that is made from a file's name. */
const MAX_CHARACTERS = 96;

/**
 * Returns the name of a model from the name of its file: without the folder and `.gguf`, and with `-` for every
 * character that a name cannot have. Null if nothing remains.
 */
export function modelWord(fileName: string): string | null {
  const stem = fileName.slice(Math.max(fileName.lastIndexOf("/"), fileName.lastIndexOf("\\")) + 1);
  const word = stem
    .slice(0, 4 * MAX_CHARACTERS)
    .replace(/\.gguf$/i, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/\.{2,}/g, ".")
    .slice(0, MAX_CHARACTERS)
    .replace(/^[.-]+|[.-]+$/g, "");
  return word === "" || /^_+$/.test(word) ? null : word;
}
