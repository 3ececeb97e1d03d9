import type { IntentSettings } from "@nanoagent/models";
import { foldingOf } from "../../fold-case.js";
import { splitWords } from "../../split-words.js";

/** The config's reply to a message that nothing matched, in the language that it seems to be in. */
export function fallbackFor(content: string, { fallback, definitions }: IntentSettings): string | null {
  if (fallback === undefined || typeof fallback === "string") return fallback ?? null;
  const language = closestLanguage(content, Object.keys(fallback), { definitions });
  return language === null ? null : (fallback[language] ?? null);
}

/** Languages that an agent has sentences in, in the order of the first one of each. */
export function languagesOf({ definitions }: Pick<IntentSettings, "definitions">): string[] {
  return [...new Set(definitions.flatMap(({ sentences }) => (Array.isArray(sentences) ? [] : Object.keys(sentences))))];
}

/** Of these languages, the first one whose sentences share most words with a text; null without any. */
export function closestLanguage(
  content: string,
  languages: readonly string[],
  { definitions }: Pick<IntentSettings, "definitions">,
): string | null {
  let best: { language: string; shared: number } | null = null;
  for (const language of languages) {
    const folding = foldingOf(language);
    const sentences = definitions.flatMap(({ sentences }) =>
      Array.isArray(sentences) || !Object.hasOwn(sentences, language) ? [] : (sentences[language] ?? []),
    );
    const known = new Set(sentences.flatMap((sentence) => splitWords(sentence, folding)).map(({ text: word }) => word));
    const shared = splitWords(content, folding).filter(({ text: word }) => known.has(word)).length;
    if (best === null || shared > best.shared) best = { language, shared };
  }
  return best?.language ?? null;
}
