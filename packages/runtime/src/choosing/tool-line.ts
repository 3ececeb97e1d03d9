import { cutText } from "@nanoagent/models";
import type { EngineTool } from "../engines/engine.js";
import { argumentProperties } from "./stated-arguments.js";

/** Longest description of a tool in a text that is scored. */
export const MAX_DESCRIPTION_CHARACTERS = 160;
/** Values of a property that such a text names. */
const MAX_NAMED_VALUES = 8;

/** Returns a tool's description in one line, without its last full stop. */
export function plainDescription(
  { name, description }: Pick<EngineTool, "name" | "description">,
  maxCharacters = MAX_DESCRIPTION_CHARACTERS,
): string {
  const line = description.trim().replace(/\s+/g, " ");
  return cutText(line === "" ? name.replaceAll("_", " ") : line, maxCharacters).replace(/[.。]+$/, "");
}

/** Returns the values that a tool's arguments choose from, in words: ` (kitchen, bedroom)`; empty where there are none. */
export function valuesOf({ inputSchema }: Pick<EngineTool, "inputSchema">): string {
  const values = argumentProperties(inputSchema).flatMap(({ kind, choices }) =>
    kind === "choice" || kind === "choices" ? choices.slice(0, MAX_NAMED_VALUES) : [],
  );
  const words = values.map((value) => String(value).replaceAll("_", " "));
  return words.length === 0 ? "" : ` (${words.join(", ")})`;
}
