/** Place at which text and tokens end together, counted from the beginning. */
export interface TextMark {
  characters: number;
  tokens: number;
}

const BEGINNING: TextMark = { characters: 0, tokens: 0 };

/**
 * Text of the tokens that were evaluated, with marks where text and tokens end together. A model may have written its reply
 * in other tokens than those that the text would be cut into: a prompt that repeats the text up to a mark goes on from
 * the tokens before it, and is cut into tokens only after it.
 */
export class EvaluatedText {
  #text: string;
  #marks: TextMark[];

  constructor(text = "", marks: readonly TextMark[] = []) {
    this.#text = text;
    this.#marks = [...marks];
  }

  get text(): string {
    return this.#text;
  }

  get marks(): readonly TextMark[] {
    return this.#marks;
  }

  /** Returns the last mark up to which this text is the same. */
  lastMarkIn(text: string): TextMark {
    const longest = Math.min(text.length, this.#text.length);
    let common = 0;
    while (common < longest && text.charCodeAt(common) === this.#text.charCodeAt(common)) common += 1;
    return this.#marks.findLast(({ characters }) => characters <= common) ?? BEGINNING;
  }

  /** Notes that all of `text`, which goes on from the text so far, is this many tokens. */
  mark(text: string, tokens: number): void {
    if (this.#marks.at(-1)?.tokens === tokens) this.#marks.pop();
    this.#text = text;
    this.#marks.push({ characters: text.length, tokens });
  }

  /** Forgets the text beyond this many tokens. */
  cut(tokens: number): void {
    this.#marks = this.#marks.filter((mark) => mark.tokens <= tokens);
    this.#text = this.#text.slice(0, this.#marks.at(-1)?.characters ?? 0);
  }
}
