/** How letters are compared. `turkic` distinguishes dotted and dotless i, also in capitals. */
export type Folding = "plain" | "turkic";

/** Returns the folding of a language. Without a language, the letters of the texts decide. */
export function foldingOf(language: string | null, texts: readonly string[] = []): Folding {
  if (language !== null) return /^(?:tr|az|crh|tt|kk-latn)(?:[-_]|$)/iu.test(language) ? "turkic" : "plain";
  return texts.some((text) => /[ıİ]/u.test(text)) ? "turkic" : "plain";
}

/**
 * Returns the form by which words are compared. It ignores letter case, compatible forms (fullwidth, ligatures), the
 * order of marks, and distinctions that capitals lose: ß becomes ss, a final sigma a sigma, and Greek letters lose
 * accents.
 */
export function foldCase(word: string, folding: Folding): string {
  let folded = word.normalize("NFKD").replace(/\u034F|\u200D|[\u00AD\u2060\uFEFF]/gu, "");
  if (folding === "turkic") folded = folded.replace(/I\u0307/gu, "i").replace(/I/gu, "ı");
  folded = folded.toLowerCase().normalize("NFKD");
  // An i already has a dot: Lithuanian keeps it under accents, and capitals of other languages show it.
  if (folding === "plain") folded = folded.replace(/([ij]\u0328?)\u0307/gu, "$1");
  if (/[^\x20-\x7E]/u.test(folded)) {
    folded = folded
      .replace(/ß/gu, "ss")
      .replace(/ς/gu, "σ")
      .replace(/եվ/gu, "եւ")
      .replace(/(?<=[\u0370-\u03FF]\u0308?)[\u0300\u0301\u0342\u0313\u0314]+/gu, "")
      .replace(/(?<=\p{sc=Grek})\u0345/gu, "ι");
  }
  return folded.normalize("NFC");
}
