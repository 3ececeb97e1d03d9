import { cutText } from "@nanoagent/models";

/** Pieces and characters per allowed token, and extra per reply. Servers that enforce the limit stay far below. */
const PIECES_PER_TOKEN = 2;
const SPARE_PIECES = 16;
const CHARACTERS_PER_TOKEN = 32;
const SPARE_CHARACTERS = 256;
/** Some servers send single letters. */
const LETTERS_PER_TOKEN = 4;

/**
 * Limits a reply to a number of tokens, measured in pieces and characters. Tokens cannot be counted here, so only
 * replies far beyond the limit are cut.
 */
export class ReplyAllowance {
  #pieces: number;
  #characters: number;

  /** `maxTokens` is undefined if there is no limit. */
  constructor(maxTokens = Number.POSITIVE_INFINITY) {
    this.#pieces = PIECES_PER_TOKEN * maxTokens + SPARE_PIECES;
    this.#characters = CHARACTERS_PER_TOKEN * maxTokens + SPARE_CHARACTERS;
  }

  get isUsedUp(): boolean {
    return this.#pieces < 0 || this.#characters < 0;
  }

  /** Returns as much of a piece as is allowed. */
  take(piece: string): string {
    if (piece === "" || this.isUsedUp) return "";
    const room = this.#characters;
    this.#pieces -= piece.length === 1 ? 1 / LETTERS_PER_TOKEN : 1;
    this.#characters -= piece.length;
    if (this.#pieces < 0) return "";
    return this.#characters < 0 ? cutText(piece, room) : piece;
  }
}
