/** Longest text that is read as a name or an address. Signed addresses have about 1,500 characters. */
export const MAX_NAME_CHARACTERS = 4096;

/** Longest segment of a repository's name: the hub's own limit. */
const MAX_SEGMENT_CHARACTERS = 96;

/** Longest part of an Ollama name: its own limit. */
const MAX_OLLAMA_CHARACTERS = 80;

const MAX_REVISION_CHARACTERS = 255;
const MAX_PATH_CHARACTERS = 1024;

/** Control characters, characters that reorder or hide text when they are printed, and halves of characters. */
const INVISIBLE = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\p{Cs}]/u;

/** Whether a text has control characters, or characters that change how text around them is shown. */
export function hasInvisibleCharacters(text: string): boolean {
  return INVISIBLE.test(text);
}

/** Whether a text may be the organization or the repository in `org/repo`. */
function isRepositorySegment(text: string): boolean {
  return (
    text.length <= MAX_SEGMENT_CHARACTERS &&
    /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$/.test(text) &&
    !/--|\.\.|\.git$/i.test(text)
  );
}

/** Whether a text is a repository of the hub: `org/repo`. */
export function isRepository(text: string): boolean {
  const segments = text.split("/");
  return segments.length === 2 && segments.every(isRepositorySegment);
}

/** Whether a text may be a quantization after the colon. */
export function isQuantization(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text) && !text.includes("..");
}

/** Whether a text may be a branch, tag or commit. Git forbids the excluded characters, and `..`. */
export function isRevision(text: string): boolean {
  return (
    text.length <= MAX_REVISION_CHARACTERS &&
    !/[\s~^:?*[\]\\@]/.test(text) &&
    !hasInvisibleCharacters(text) &&
    !/\.lock$/i.test(text) &&
    text.split("/").every((part) => part !== "" && !part.startsWith(".") && !part.endsWith(".")) &&
    !text.includes("..")
  );
}

/** Whether a text is a path in a repository that stays inside every folder it is appended to, on every system. */
export function isSafePath(text: string): boolean {
  return (
    text.length <= MAX_PATH_CHARACTERS &&
    !text.includes("\\") &&
    !hasInvisibleCharacters(text) &&
    !/^[A-Za-z]:/.test(text) &&
    // Windows ignores dots and spaces at the end, so that ".. " is the folder above.
    text.split("/").every((segment) => segment !== "" && !/[. ]$/.test(segment))
  );
}

/** Whether a text may be the model or the tag of an Ollama name. */
export function isOllamaPart(text: string): boolean {
  return (
    text.length <= MAX_OLLAMA_CHARACTERS &&
    /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$/.test(text) &&
    !text.includes("..")
  );
}

/** Whether a text may be the namespace of an Ollama name, which has no dots. */
export function isOllamaNamespace(text: string): boolean {
  return isOllamaPart(text) && !text.includes(".");
}

/** Whether a text may be a name of one word. */
export function isWord(text: string): boolean {
  return (
    text.length <= MAX_SEGMENT_CHARACTERS &&
    /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$/.test(text) &&
    !text.includes("..")
  );
}

/** Whether a path or name ends in `.gguf`. */
export function isGgufPath(text: string): boolean {
  return /[^/]\.gguf$/i.test(text);
}
