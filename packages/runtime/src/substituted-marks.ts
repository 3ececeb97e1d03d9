/** Apostrophes that Unicode counts as letters. People type other marks instead of them. */
export const apostropheLetters = "ʹʻʼʽʾʿ\u0374Ꞌꞌ";
/** Marks that keyboards, phones and office programs use as an apostrophe. */
export const apostrophes = `'‘’‚‛′‵＇´\`՚׳᾽᾿${apostropheLetters}`;
/** Double quotes that are letters in Unicode. */
export const quoteLetters = "ʺˮ";
/** Marks that they use as a double quote. */
export const quotes = `"“”„‟″‶〝〞〟＂״❝❞${quoteLetters}`;

const isDash = /[\p{Pd}\u2212\u02D7\u2043]/u;
const isSlash = /[\u2044\u2215]/u;

/** Returns the mark that a keyboard produces. Interchangeable marks have the same result. */
export function plainMark(mark: string): string {
  if (apostrophes.includes(mark)) return "'";
  if (quotes.includes(mark)) return '"';
  if (isDash.test(mark)) return "-";
  return isSlash.test(mark) ? "/" : mark.normalize("NFKC");
}
