import { baseLanguage } from "./message-language.js";

/** Replies to a message that no rule understands: the statement, and the introduction to the list of abilities. */
const sentences: Record<string, readonly [string, string]> = {
  cs: ["Tomu nerozumím.", "Znám toto:"],
  da: ["Det forstår jeg ikke.", "Det her kender jeg:"],
  de: ["Das verstehe ich nicht.", "Das hier kenne ich:"],
  en: ["I don't understand that.", "This is what I know:"],
  es: ["No lo entiendo.", "Esto es lo que conozco:"],
  fi: ["En ymmärrä.", "Tunnen nämä:"],
  fr: ["Je ne comprends pas.", "Voici ce que je connais :"],
  it: ["Non capisco.", "Ecco che cosa conosco:"],
  nb: ["Det forstår jeg ikke.", "Dette kjenner jeg til:"],
  nl: ["Dat begrijp ik niet.", "Dit ken ik:"],
  pl: ["Nie rozumiem.", "Oto, co znam:"],
  pt: ["Não entendo.", "Isto é o que conheço:"],
  ru: ["Я этого не понимаю.", "Вот что я знаю:"],
  sv: ["Det förstår jag inte.", "Det här känner jag till:"],
  tr: ["Bunu anlamıyorum.", "Bildiklerim:"],
  uk: ["Я цього не розумію.", "Ось що я знаю:"],
};

const MAX_LISTED_ABILITIES = 8;

/** Returns a reply in the given language, or in English for an unknown one, with the list of abilities. */
export function notUnderstood(language: string | null, abilities: readonly string[]): string {
  const base = baseLanguage(language ?? "en");
  const [notThat, known] = (Object.hasOwn(sentences, base) ? sentences[base] : sentences.en) as readonly [
    string,
    string,
  ];
  return `${notThat} ${known} ${listed(abilities)}.`;
}

/** Joins names in a way that fits nouns, verbs and letters of any language. */
function listed(abilities: readonly string[]): string {
  const names = abilities.slice(0, MAX_LISTED_ABILITIES).map((name) => name.replaceAll(/[_-]+/g, " "));
  return `${names.join(", ")}${abilities.length > names.length ? ", …" : ""}`;
}
