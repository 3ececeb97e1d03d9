import type { IntentSettings } from "@nanoagent/models";
import { foldingOf } from "../../fold-case.js";
import { splitWords } from "../../split-words.js";

/** The config's reply to a message that nothing matched, in the language that it seems to be in. */
export function fallbackFor(content: string, { fallback, definitions }: IntentSettings): string | null {
  if (fallback === undefined || typeof fallback === "string") return fallback ?? null;
  const language = closestLanguage(content, Object.keys(fallback), { definitions });
  return language === null ? null : (fallback[language] ?? null);
}

/** Words of the sentences of each language, in the order of the first one of each. */
type Vocabularies = ReadonlyMap<string, () => ReadonlySet<string>>;

/** A language may have tens of thousands of sentences: they are read once, when a message is first compared with them. */
const vocabularies = new WeakMap<IntentSettings["definitions"], Vocabularies>();

function vocabulariesOf(definitions: IntentSettings["definitions"]): Vocabularies {
  const known = vocabularies.get(definitions);
  if (known !== undefined) return known;
  const sentences = new Map<string, string[]>();
  for (const { sentences: templates } of definitions) {
    if (Array.isArray(templates)) continue;
    for (const [language, some] of Object.entries(templates)) {
      const before = sentences.get(language);
      if (before === undefined) sentences.set(language, [...some]);
      else for (const template of some) before.push(template);
    }
  }
  const found = new Map(
    [...sentences].map(([language, some]) => {
      let words: Set<string> | null = null;
      const read = () => {
        const folding = foldingOf(language);
        return new Set(some.flatMap((template) => splitWords(template, folding).map(({ text: word }) => word)));
      };
      return [language, () => (words ??= read())] as const;
    }),
  );
  vocabularies.set(definitions, found);
  return found;
}

/** Languages that an agent has sentences in, in the order of the first one of each. */
export function languagesOf({ definitions }: Pick<IntentSettings, "definitions">): string[] {
  return [...vocabulariesOf(definitions).keys()];
}

/** Of these languages, the first one whose sentences share most words with a text; null without any. */
export function closestLanguage(
  content: string,
  languages: readonly string[],
  { definitions }: Pick<IntentSettings, "definitions">,
): string | null {
  const known = vocabulariesOf(definitions);
  let best: { language: string; shared: number } | null = null;
  for (const language of languages) {
    const words = known.get(language)?.();
    const said = words === undefined ? [] : splitWords(content, foldingOf(language));
    const shared = said.filter(({ text: word }) => words?.has(word)).length;
    if (best === null || shared > best.shared) best = { language, shared };
  }
  return best?.language ?? null;
}
