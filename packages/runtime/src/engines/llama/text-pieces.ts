/** Longest piece, in characters. While it works, a tokenizer needs a few hundred bytes per character. */
const PIECE_CHARACTERS = 16_384;
const LAST_SPACE = /\s\S*$/;
const LOW_SURROGATES = /^[\udc00-\udfff]/;

/**
 * Splits a text into pieces for tokenization, before white space where possible. Tokens start there anyway, so the
 * pieces have about as many tokens as the whole text.
 */
export function* textPieces(text: string): Generator<string> {
  let start = 0;
  while (text.length - start > PIECE_CHARACTERS) {
    const piece = text.slice(start, start + PIECE_CHARACTERS);
    const space = piece.search(LAST_SPACE);
    let length = space > 0 ? space : PIECE_CHARACTERS;
    if (LOW_SURROGATES.test(text.slice(start + length, start + length + 1))) length -= 1;
    yield text.slice(start, start + length);
    start += length;
  }
  yield text.slice(start);
}
