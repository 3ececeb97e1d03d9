import { EngineError } from "../engine-error.js";
import { REPLACEMENT_CHARACTER } from "./token-text.js";

/**
 * Throws for bytes that are not valid text. A grammar counts characters by their first bytes and accepts broken ones,
 * which may become several characters in the text and violate the length limits of the schema.
 */
export function refuseBrokenText(text: string): void {
  if (!text.includes(REPLACEMENT_CHARACTER)) return;
  throw new EngineError({
    code: "engine-failed",
    message: "The model wrote invalid UTF-8.",
    hint: "Try again, or lower sampling.temperature.",
  });
}
