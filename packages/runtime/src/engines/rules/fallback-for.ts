import type { IntentSettings } from "@nanoagent/models";
import { foldingOf } from "../../fold-case.js";
import { splitWords } from "../../split-words.js";

/** The config's reply to a message that nothing matched, in the language whose sentences share most words with it. */
export function fallbackFor(content: string, { fallback, definitions }: IntentSettings): string | null {
  if (fallback === undefined || typeof fallback === "string") return fallback ?? null;
  let best: { text: string; shared: number } | null = null;
  for (const [language, text] of Object.entries(fallback)) {
    const folding = foldingOf(language);
    const sentences = definitions.flatMap(({ sentences }) =>
      Array.isArray(sentences) || !Object.hasOwn(sentences, language) ? [] : (sentences[language] ?? []),
    );
    const known = new Set(sentences.flatMap((sentence) => splitWords(sentence, folding)).map(({ text: word }) => word));
    const shared = splitWords(content, folding).filter(({ text: word }) => known.has(word)).length;
    if (best === null || shared > best.shared) best = { text, shared };
  }
  return best?.text ?? null;
}
