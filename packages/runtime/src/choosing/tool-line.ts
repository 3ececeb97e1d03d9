import { cutText } from "@nanoagent/models";
import type { EngineTool } from "../engines/engine.js";
import { argumentProperties } from "./stated-arguments.js";

/** Most characters of a tool's description in a scored text. */
export const MAX_DESCRIPTION_CHARACTERS = 160;
/** Most values of a property in a scored text. */
const MAX_NAMED_VALUES = 8;

/** Returns a tool's description on one line, without the final period. */
export function plainDescription(
  { name, description }: Pick<EngineTool, "name" | "description">,
  maxCharacters = MAX_DESCRIPTION_CHARACTERS,
): string {
  const line = description.trim().replace(/\s+/g, " ");
  return cutText(line === "" ? name.replaceAll("_", " ") : line, maxCharacters).replace(/[.。]+$/, "");
}

/** Returns the enum values of a tool's arguments in words, such as ` (kitchen, bedroom)`, or an empty string. */
export function valuesOf({ inputSchema }: Pick<EngineTool, "inputSchema">): string {
  const values = argumentProperties(inputSchema).flatMap(({ kind, choices }) =>
    kind === "choice" || kind === "choices" ? choices.slice(0, MAX_NAMED_VALUES) : [],
  );
  const words = values.map((value) => String(value).replaceAll("_", " "));
  return words.length === 0 ? "" : ` (${words.join(", ")})`;
}
