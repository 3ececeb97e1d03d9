import type { NanoAgentConfig } from "@nanoagent/models";

/**
 * Languages that Home Assistant's voice assistants have. Home Assistant offers an agent only to assistants of a language
 * in its list, and would offer one with an empty list to all. Other programs may take an empty list for no language.
 */
const ASSISTANT_LANGUAGES: readonly string[] = (
  "af am ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka kk kn ko kw " +
  "ky lb lo lt lv mk ml mn mr ms my nb ne nl nn pa pl ps pt ro ru sk sl sq sr sv sw ta te th tl tr uk ur uz vi zh zu"
).split(" ");

/**
 * Returns the languages that an agent offers: those of `serve.wyoming.languages`; those of its sentences if it answers by
 * rules and each sentence has a language; otherwise all of Home Assistant's assistants, because sentences without
 * a language are understood in each, and nobody knows those of a model.
 */
export function offeredLanguages(
  { intents }: Pick<NanoAgentConfig, "intents">,
  { chosen, answersByRules }: { chosen: readonly string[] | undefined; answersByRules: boolean },
): readonly string[] {
  if (chosen !== undefined) return chosen;
  const sentences = intents?.definitions.map((definition) => definition.sentences) ?? [];
  if (!answersByRules || sentences.length === 0) return ASSISTANT_LANGUAGES;
  if (sentences.some((templates) => Array.isArray(templates))) return ASSISTANT_LANGUAGES;
  return [...new Set(sentences.flatMap((templates) => Object.keys(templates)))];
}
