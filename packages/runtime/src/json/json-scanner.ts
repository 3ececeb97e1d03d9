/** Follows JSON text as it comes, each character once, and knows where its first value ends. Numbers and words have no end. */
export class JsonScanner {
  #depth = 0;
  #isInText = false;
  #isEscaped = false;
  #hasEnded = false;
  /** Last character outside of texts that is not white space. */
  #last = "";

  /** Whether an object, a list or a text has begun and not ended. */
  get isOpen(): boolean {
    return this.#depth > 0 || this.#isInText;
  }

  /** Whether the first value has ended. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether an object in this text would begin where one may. */
  mayGoOnWith(text: string): boolean {
    if (!text.trimStart().startsWith("{")) return true;
    // Within a text a quotation mark ends it, and then only some characters may follow.
    return this.#isInText ? !/^\s*\{"[^\s,:\]}]/.test(text) : ":,[".includes(this.#last);
  }

  /** Reads on; returns the index behind the end of the value, or -1 where it does not end in this text. */
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
 * Takes apart JSON values that follow one another, or stand in one list. What has not ended yet is `rest`; what is not an
 * object is `rest` too, when it comes before one.
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

  /** Whether a value became longer than the limit: nothing more is held of it. */
  get isTooLong(): boolean {
    return this.#length > this.#maxCharacters;
  }

  /** The text of no value so far. */
  get rest(): string {
    return this.#pieces.join("").trim();
  }

  /** Returns the texts of the values that this text completes. */
  push(text: string): string[] {
    const values: string[] = [];
    let at = 0;
    while (at < text.length && !this.isTooLong) {
      if (!this.isOpen) {
        // The list around the values, and what stands between them, is not part of any.
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
