import { splitWords } from "../split-words.js";

/** A name with an extension, as files have: `part_2.stl`. */
const fileName = /(?<![\p{L}\p{N}])[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*\.[a-z][a-z\d]{1,5}(?![\p{L}\p{N}])/iu;

/** Returns the file name that a message contains, or null. */
export function readFileName(message: string): string | null {
  return fileName.exec(message)?.[0] ?? null;
}

const before =
  /^(?:for|of|de|del|dem|des|name|named|namen|nom|nombre|nome|to|with|by|from|für|an|mit|von|pour|à|avec|para|con|per|a|di|da|tell|ask|call)$/;

/** Returns the name of a person in a message: capitalized words after a preposition. Null where there is none. */
export function readPersonName(message: string, used: ReadonlySet<number>): string | null {
  const words = splitWords(message);
  const isName = (at: number) => {
    const word = words[at];
    return (
      word !== undefined &&
      word.kind === "word" &&
      !used.has(at) &&
      /^\p{Lu}\p{Ll}/u.test(message.slice(word.start, word.end))
    );
  };
  const first = words.findIndex((_, at) => at > 0 && isName(at) && before.test(words[at - 1]?.text ?? ""));
  if (first < 0) return null;
  const end = isName(first + 1) ? first + 1 : first;
  return message.slice(words[first]?.start, words[end]?.end);
}
