import { foldCase } from "../fold-case.js";

/** Number words in English, German, French, Spanish and Italian. Articles are not numbers. */
const words: Record<string, number> = {};
const add = (list: string, from: number, step = 1) => {
  for (const [index, group] of list.split(" ").entries()) {
    for (const word of group.split("|")) words[foldCase(word, "plain")] = from + index * step;
  }
};
add("zero|null|cero", 0);
add("two|zwei|deux|dos|due three|drei|trois|tres|tre four|vier|quatre|cuatro|quattro five|fünf|cinq|cinco|cinque", 2);
add("six|sechs|seis|sei seven|sieben|sept|siete|sette eight|acht|huit|ocho|otto nine|neun|neuf|nueve|nove", 6);
add("ten|zehn|dix|diez|dieci eleven|elf|onze|once|undici twelve|zwölf|douze|doce|dodici", 10);
add("thirteen|dreizehn|treize|trece|tredici fourteen|vierzehn|quatorze|catorce|quattordici", 13);
add("fifteen|fünfzehn|quinze|quince|quindici sixteen|sechzehn|seize|dieciséis|sedici", 15);
add("seventeen|siebzehn|diecisiete|diciassette eighteen|achtzehn|dieciocho|diciotto", 17);
add("nineteen|neunzehn|diecinueve|diciannove", 19);
add(
  "twenty|zwanzig|vingt|veinte|venti thirty|dreißig|trente|treinta|trenta forty|vierzig|quarante|cuarenta|quaranta",
  20,
  10,
);
add("fifty|fünfzig|cinquante|cincuenta|cinquanta sixty|sechzig|soixante|sesenta|sessanta", 50, 10);
add("seventy|siebzig|septante|setenta|settanta eighty|achtzig|huitante|ochenta|ottanta", 70, 10);
add("ninety|neunzig|nonante|noventa|novanta", 90, 10);
add("twentyone|einundzwanzig|veintiuno|ventuno twentytwo|zweiundzwanzig|veintidós|ventidue", 21);
add("twentythree|dreiundzwanzig|veintitrés|ventitré twentyfour|vierundzwanzig|veinticuatro|ventiquattro", 23);
add("twentyfive|fünfundzwanzig|veinticinco|venticinque", 25);

/** Words that multiply the number before them. */
const multipliers: Record<string, number> = {};
for (const word of "hundred hundert cent cents cien ciento cientos cento".split(" ")) multipliers[word] = 100;
for (const word of "thousand tausend mille mil mila".split(" ")) multipliers[word] = 1000;

/** Returns the factor of a folded word, or null. */
export function multiplierOf(word: string): number | null {
  return Object.hasOwn(multipliers, word) ? (multipliers[word] as number) : null;
}

/** Words for one. Most of them are also articles, so they count only before a unit. */
const ones: ReadonlySet<string> = new Set(
  "one a an eine ein einer einen un une una uno".split(" ").map((word) => foldCase(word, "plain")),
);

/** Returns the number that a folded word means, or null. */
export function numberOfWord(word: string): number | null {
  if (Object.hasOwn(words, word)) return words[word] as number;
  // Compounds in one word: fünfzehntausend, duecento, trescientos.
  for (const [ending, factor] of compounds) {
    const before = word.endsWith(ending) ? word.slice(0, -ending.length) : "";
    if (before !== "" && Object.hasOwn(words, before)) return (words[before] as number) * factor;
  }
  return null;
}

const compounds: readonly (readonly [string, number])[] = [
  ["tausend", 1000],
  ["hundert", 100],
  ["mila", 1000],
  ["cento", 100],
  ["cientos", 100],
];

export function isWordForOne(word: string): boolean {
  return ones.has(word);
}
