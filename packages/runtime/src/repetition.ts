/** Longest passage whose repetition is detected, in characters. */
const MAX_PASSAGE_CHARACTERS = 2048;
/** Consecutive repetitions required. */
const MIN_TIMES = 4;
/** Total characters required. Rulers, tables and choruses are shorter. */
const MIN_CHARACTERS = 1200;
/** Length of the end of the text that is checked. */
const WATCHED_CHARACTERS = MIN_TIMES * MAX_PASSAGE_CHARACTERS;
/** Characters between two checks. */
const LOOK_EVERY_CHARACTERS = 128;

/** Watches a growing reply, and detects when it repeats one passage endlessly. */
export class Repetition {
  #end = "";
  #unseen = 0;

  /** Adds a piece of the reply. Returns whether the reply now ends in endless repetition. */
  add(piece: string): boolean {
    this.#end += piece;
    this.#unseen += piece.length;
    if (this.#unseen < LOOK_EVERY_CHARACTERS) return false;
    this.#unseen = 0;
    this.#end = this.#end.slice(-WATCHED_CHARACTERS);
    return this.#end.length >= MIN_CHARACTERS && endsInRepetition(this.#end);
  }
}

/**
 * Whether a text ends with at least {@link MIN_TIMES} copies of the same passage, {@link MIN_CHARACTERS} or more in
 * total. Takes linear time: it computes the prefix function of Knuth, Morris and Pratt over the reversed text. Its
 * value at a length tells how far the text matches itself when shifted by the rest.
 */
function endsInRepetition(text: string): boolean {
  const last = text.length - 1;
  const agreeing = new Uint16Array(text.length);
  for (let at = 1, length = 0; at < text.length; at++) {
    const code = text.charCodeAt(last - at);
    while (length > 0 && code !== text.charCodeAt(last - length)) length = agreeing[length - 1] ?? 0;
    if (code === text.charCodeAt(last - length)) length += 1;
    agreeing[at] = length;
    const characters = at + 1;
    const passage = characters - length;
    if (characters >= MIN_CHARACTERS && characters >= MIN_TIMES * passage) return true;
  }
  return false;
}
