import type { ClaimLanguage } from "./claim-language.js";
import { claimLanguages } from "./languages/claim-languages.js";

/**
 * Returns the sentence that says that nothing was done, in the language of the message. Where its words do not identify
 * a language, the sentence is in the language of the claim.
 */
export function nothingDone(message: string, claimed: ClaimLanguage): string {
  const words = new Set(
    message
      .slice(0, 10_000)
      .toLowerCase()
      .split(/[^\p{L}'’]+/u),
  );
  let best = claimed;
  let most = 0;
  for (const language of claimLanguages) {
    const shared = language.words.filter((word) => words.has(word)).length;
    if (shared > most || (shared === most && shared > 0 && language === claimed)) {
      best = language;
      most = shared;
    }
  }
  return best.nothingDone;
}
