import type { IntentSettings } from "@nanoagent/models";
import { foldingOf } from "../../fold-case.js";
import { splitWords } from "../../split-words.js";

/**
 * Returns the config's fallback reply in the language of the message: the `told` one, or the one that the message seems to
 * be in.
 */
export function fallbackFor(
  content: string,
  { fallback, definitions }: IntentSettings,
  told?: string | undefined,
): string | null {
  if (fallback === undefined || typeof fallback === "string") return fallback ?? null;
  const languages = Object.keys(fallback);
  const language = sameLanguage(told, languages) ?? closestLanguage(content, languages, { definitions });
  return language === null ? null : (fallback[language] ?? null);
}

/** Finds a language in a list: with its region, or another region of the same language. Returns null if it is not there. */
function sameLanguage(told: string | undefined, languages: readonly string[]): string | null {
  if (told === undefined) return null;
  const exact = languages.find((language) => language.toLowerCase() === told.toLowerCase());
  return exact ?? languages.find((language) => baseLanguage(language) === baseLanguage(told)) ?? null;
}

/** Returns a language without its region, in lower case: `pt` for `pt-BR` and `pt_BR`. */
export function baseLanguage(language: string): string {
  return language.toLowerCase().split(/[-_]/, 1)[0] ?? "";
}

/** Words of each language's sentences. Languages are in the order in which the definitions first use them. */
type Vocabularies = ReadonlyMap<string, () => ReadonlySet<string>>;

/**
 * Cached vocabularies. A language may have tens of thousands of sentences, so they are split only when first needed.
 */
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

/** Returns the languages of an agent's sentences, in the order in which the definitions first use them. */
export function languagesOf({ definitions }: Pick<IntentSettings, "definitions">): string[] {
  return [...vocabulariesOf(definitions).keys()];
}

/**
 * Returns the language whose sentences share the most words with a text, the first one on a tie. Null for an empty
 * list.
 */
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
