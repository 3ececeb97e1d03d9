/** Apostrophes that Unicode counts as letters; people type another mark for each of them. */
export const apostropheLetters = "ʹʻʼʽʾʿ\u0374Ꞌꞌ";
/** Marks that keyboards, phones and office programs put in the place of an apostrophe. */
export const apostrophes = `'‘’‚‛′‵＇´\`՚׳᾽᾿${apostropheLetters}`;
/** The quote of two strokes that is a letter to Unicode. */
export const quoteLetters = "ʺˮ";
/** Marks that they put in the place of a quote of two strokes. */
export const quotes = `"“”„‟″‶〝〞〟＂״❝❞${quoteLetters}`;

const isDash = /[\p{Pd}\u2212\u02D7\u2043]/u;
const isSlash = /[\u2044\u2215]/u;

/** A mark as the keys of a keyboard write it: all marks that stand in for one another are the same. */
export function plainMark(mark: string): string {
  if (apostrophes.includes(mark)) return "'";
  if (quotes.includes(mark)) return '"';
  if (isDash.test(mark)) return "-";
  return isSlash.test(mark) ? "/" : mark.normalize("NFKC");
}
