import stringWidth from "string-width";

const TAB_COLUMNS = 8;
/** Joins what stands before it with what follows, as in emoji of several parts. */
const JOINER = "\u200d";

/**
 * Breaks a text between words as it is written, so that no line is wider than the terminal. The word that is not finished
 * yet is held back; wide characters (Chinese, Japanese, emoji) may be broken after each. Code between ``` lines is left as
 * it is, to be copied.
 */
export class WordWrap {
  readonly #columns: () => number;
  /** Column of the cursor after the text that was returned. */
  #column = 0;
  /** Spaces before the word; dropped where the line is broken. */
  #spaces = "";
  /** The word, or wide character with its marks, that is not finished yet. */
  #word = "";
  /** Beginning of the current line, to see where code begins and ends. */
  #lineStart = "";
  #isCode = false;

  /** `columns` is asked for every word: a terminal may be resized. */
  constructor(columns: () => number) {
    this.#columns = columns;
  }

  /** Whether the cursor stands at the beginning of a line. */
  get isAtLineStart(): boolean {
    return this.#column === 0 && this.#word === "" && this.#spaces === "";
  }

  /** Returns the part of the text so far that can be shown. */
  push(text: string): string {
    let shown = "";
    for (const character of text) shown += this.#take(character);
    return shown;
  }

  /** Returns what was held back. */
  flush(): string {
    const spaces = this.#spaces;
    const shown = this.#word === "" ? spaces : this.#place();
    if (this.#word === "" && spaces !== "") this.#column += spaces.length;
    this.#spaces = "";
    return shown;
  }

  #take(character: string): string {
    if (character === "\n") return this.#endLine();
    if (this.#lineStart.length < 16) this.#lineStart += character;
    if (character === " " || character === "\t") {
      const shown = this.#place();
      this.#spaces += character;
      return shown;
    }
    const width = stringWidth(character);
    const joins = width === 0 || this.#word.endsWith(JOINER);
    const isBreak = !joins && this.#word !== "" && (width === 2 || isWide(this.#word));
    const shown = isBreak ? this.#place() : "";
    this.#word += character;
    // Longer than a line: there is nothing to wait for.
    return stringWidth(this.#word) >= this.#columns() ? shown + this.#place() : shown;
  }

  #endLine(): string {
    const shown = `${this.#place()}${this.#spaces}\n`;
    if (this.#lineStart.trimStart().startsWith("```")) this.#isCode = !this.#isCode;
    this.#column = 0;
    this.#spaces = "";
    this.#lineStart = "";
    return shown;
  }

  /** Returns the spaces and the word, on the next line where this one has no room. */
  #place(): string {
    const word = this.#word;
    if (word === "") return "";
    this.#word = "";
    const width = stringWidth(word);
    const spaces = this.#spaces;
    this.#spaces = "";
    const column = widthBefore(this.#column, spaces);
    const isBroken = !this.#isCode && this.#column > 0 && column + width > this.#columns();
    this.#column = isBroken ? width : column + width;
    return isBroken ? `\n${word}` : `${spaces}${word}`;
  }
}

/** Column after these spaces and tabs. */
function widthBefore(column: number, spaces: string): number {
  let at = column;
  for (const space of spaces) at += space === "\t" ? TAB_COLUMNS - (at % TAB_COLUMNS) : 1;
  return at;
}

/** Whether a word is one wide character. */
function isWide(word: string): boolean {
  const [first = ""] = word;
  return stringWidth(first) === 2;
}
