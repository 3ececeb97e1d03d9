/** Where a piece of the text ends, and how many tokens it and all before it are. */
export interface TextMark {
  characters: number;
  tokens: number;
}

const BEGINNING: TextMark = { characters: 0, tokens: 0 };

/**
 * The text of the tokens that were evaluated, with marks where text and tokens end together. A model's own reply may be
 * in other tokens than those that its text would be cut into: a prompt that repeats the text up to a mark goes on from
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

  /** The last mark up to which this text is the same. */
  lastMarkIn(text: string): TextMark {
    const longest = Math.min(text.length, this.#text.length);
    let common = 0;
    while (common < longest && text.charCodeAt(common) === this.#text.charCodeAt(common)) common += 1;
    return this.#marks.findLast(({ characters }) => characters <= common) ?? BEGINNING;
  }

  /** Says that all of `text` is so many tokens; it goes on from what is left of the text before. */
  mark(text: string, tokens: number): void {
    if (this.#marks.at(-1)?.tokens === tokens) this.#marks.pop();
    this.#text = text;
    this.#marks.push({ characters: text.length, tokens });
  }

  /** Forgets what lies beyond so many tokens. */
  cut(tokens: number): void {
    this.#marks = this.#marks.filter((mark) => mark.tokens <= tokens);
    this.#text = this.#text.slice(0, this.#marks.at(-1)?.characters ?? 0);
  }
}
