/** Longest passage whose repetition is recognized, in characters. */
const MAX_PASSAGE_CHARACTERS = 2048;
/** Times that a passage must stand in a row. */
const MIN_TIMES = 4;
/** Characters that the passages must have together: a ruler, a table or a chorus is shorter. */
const MIN_CHARACTERS = 1200;
/** The end of the text that is looked at. */
const WATCHED_CHARACTERS = MIN_TIMES * MAX_PASSAGE_CHARACTERS;
/** Characters between two looks. */
const LOOK_EVERY_CHARACTERS = 128;

/** Watches a reply that grows, and recognizes that it has begun to repeat one passage without an end. */
export class Repetition {
  #end = "";
  #unseen = 0;

  /** Takes the next piece of the reply. Returns whether its end is one passage again and again. */
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
 * Whether a text ends with at least {@link MIN_TIMES} times the same passage, {@link MIN_CHARACTERS} or more in all. Takes
 * time in proportion to the text: it is the prefix function of Knuth, Morris and Pratt over the reversed text, whose value
 * at a length says how far the text, moved by the rest, agrees with itself.
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
