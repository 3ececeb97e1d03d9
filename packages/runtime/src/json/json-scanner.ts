/** Scans JSON text incrementally and finds the end of its first value. It finds no end for bare numbers and words. */
export class JsonScanner {
  #depth = 0;
  #isInText = false;
  #isEscaped = false;
  #hasEnded = false;
  /** Last character outside of strings that is not white space. */
  #last = "";

  /** Whether an object, a list or a string has begun and not ended. */
  get isOpen(): boolean {
    return this.#depth > 0 || this.#isInText;
  }

  /** Whether the first value has ended. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether an object at the start of `text` would be in a valid place. */
  mayGoOnWith(text: string): boolean {
    if (!text.trimStart().startsWith("{")) return true;
    // Inside a string, the quotation mark would end it, and only some characters may follow.
    return this.#isInText ? !/^\s*\{"[^\s,:\]}]/.test(text) : ":,[".includes(this.#last);
  }

  /** Reads on. Returns the index after the end of the value, or -1 where it does not end in `text`. */
  push(text: string, from = 0): number {
    for (let at = from; at < text.length; at++) {
      const character = text[at] as string;
      if (!this.#isInText && character.trim() !== "") this.#last = character;
      if (this.#isInText) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (character === "\\") this.#isEscaped = true;
        else if (character === '"') this.#isInText = false;
        else continue;
        if (this.#isInText || this.#depth > 0) continue;
      } else if (character === '"') {
        this.#isInText = true;
        continue;
      } else if (character === "{" || character === "[") {
        this.#depth += 1;
        continue;
      } else if ((character !== "}" && character !== "]") || this.#depth === 0) continue;
      else if (--this.#depth > 0) continue;
      this.#hasEnded = true;
      return at + 1;
    }
    return -1;
  }
}

/**
 * Splits a stream of JSON values that follow one another or are items of one list. `rest` holds the value that has not
 * ended, and text before an object that is not part of one.
 */
export class JsonSplitter {
  readonly #maxCharacters: number;
  #scanner = new JsonScanner();
  #pieces: string[] = [];
  #length = 0;

  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters;
  }

  /** Whether a value has begun and not ended. */
  get isOpen(): boolean {
    return this.#scanner.isOpen;
  }

  /** Whether a value exceeded the limit. The rest of it is not kept. */
  get isTooLong(): boolean {
    return this.#length > this.#maxCharacters;
  }

  /** Text that is not part of a complete value. */
  get rest(): string {
    return this.#pieces.join("").trim();
  }

  /** Returns the texts of the values that this text completes. */
  push(text: string): string[] {
    const values: string[] = [];
    let at = 0;
    while (at < text.length && !this.isTooLong) {
      if (!this.isOpen) {
        // Skips the brackets, commas and white space around values.
        while (at < text.length && /[\s,[\]]/.test(text[at] as string)) at += 1;
        if (at === text.length) break;
      }
      const end = this.#scanner.push(text, at);
      const piece = text.slice(at, end < 0 ? text.length : end);
      this.#pieces.push(piece);
      this.#length += piece.length;
      if (end < 0) break;
      values.push(this.#pieces.join(""));
      this.#scanner = new JsonScanner();
      this.#pieces = [];
      this.#length = 0;
      at = end;
    }
    return values;
  }
}
