/** Longest piece, in characters: a tokenizer takes some hundred bytes for each character while it works. */
const PIECE_CHARACTERS = 16_384;
const LAST_SPACE = /\s\S*$/;
const LOW_SURROGATES = /^[\udc00-\udfff]/;

/**
 * Cuts a text into pieces that are tokenized one after the other, before white space where there is any: there tokens
 * begin anyway, so the pieces have about as many tokens as the whole.
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
