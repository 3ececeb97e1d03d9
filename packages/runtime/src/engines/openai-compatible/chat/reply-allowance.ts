import { cutText } from "@nanoagent/models";

/** Pieces and characters for each token that is allowed, and for the reply: a server that counts itself stays far below. */
const PIECES_PER_TOKEN = 2;
const SPARE_PIECES = 16;
const CHARACTERS_PER_TOKEN = 32;
const SPARE_CHARACTERS = 256;
/** Some servers send letter by letter. */
const LETTERS_PER_TOKEN = 4;

/**
 * How much a server may send at a limit of tokens, in pieces and in characters. Tokens are not known here, so that a reply
 * is held only where it goes well beyond the limit.
 */
export class ReplyAllowance {
  #pieces: number;
  #characters: number;

  /** `maxTokens` is undefined where there is no limit. */
  constructor(maxTokens = Number.POSITIVE_INFINITY) {
    this.#pieces = PIECES_PER_TOKEN * maxTokens + SPARE_PIECES;
    this.#characters = CHARACTERS_PER_TOKEN * maxTokens + SPARE_CHARACTERS;
  }

  get isUsedUp(): boolean {
    return this.#pieces < 0 || this.#characters < 0;
  }

  /** Takes a piece; returns as much of it as is allowed. */
  take(piece: string): string {
    if (piece === "" || this.isUsedUp) return "";
    const room = this.#characters;
    this.#pieces -= piece.length === 1 ? 1 / LETTERS_PER_TOKEN : 1;
    this.#characters -= piece.length;
    if (this.#pieces < 0) return "";
    return this.#characters < 0 ? cutText(piece, room) : piece;
  }
}
