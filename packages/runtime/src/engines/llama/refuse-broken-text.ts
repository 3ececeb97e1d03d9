import { EngineError } from "../engine-error.js";
import { REPLACEMENT_CHARACTER } from "./token-text.js";

/**
 * Throws for bytes that are not text. A grammar counts characters by their first bytes and lets broken ones pass, which may
 * become several in the text: the bounds of the schema would not hold for them.
 */
export function refuseBrokenText(text: string): void {
  if (!text.includes(REPLACEMENT_CHARACTER)) return;
  throw new EngineError({
    code: "engine-failed",
    message: "The model wrote bytes that are not text.",
    hint: "Ask again, or lower sampling.temperature.",
  });
}
