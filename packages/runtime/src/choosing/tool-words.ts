import type { EngineTool } from "../engines/engine.js";
import { splitWords } from "../split-words.js";

/** Returns the words of a tool's name and description. */
export function wordsOfTool({ name, description }: Pick<EngineTool, "name" | "description">): string[] {
  const text = `${name} ${description}`.replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2").replaceAll("_", " ");
  return [
    ...new Set(
      splitWords(text)
        .filter(({ kind }) => kind === "word")
        .map(({ text: word }) => word),
    ),
  ];
}
