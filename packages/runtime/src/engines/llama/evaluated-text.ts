/** Position at which text and tokens end together, as counts from the beginning. */
export interface TextMark {
  characters: number;
  tokens: number;
}

const BEGINNING: TextMark = { characters: 0, tokens: 0 };

/**
 * Text of the evaluated tokens, with marks at positions where text and tokens end together. A reply may have other
 * tokens than tokenizing its text would give, so a prompt that repeats the text up to a mark keeps the tokens before
 * it, and only the text after it is tokenized.
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

  /** Returns the last mark within the common prefix of both texts. */
  lastMarkIn(text: string): TextMark {
    const longest = Math.min(text.length, this.#text.length);
    let common = 0;
    while (common < longest && text.charCodeAt(common) === this.#text.charCodeAt(common)) common += 1;
    return this.#marks.findLast(({ characters }) => characters <= common) ?? BEGINNING;
  }

  /** Records that `text`, which continues the text so far, has this many tokens. */
  mark(text: string, tokens: number): void {
    if (this.#marks.at(-1)?.tokens === tokens) this.#marks.pop();
    this.#text = text;
    this.#marks.push({ characters: text.length, tokens });
  }

  /** Drops the text after this many tokens. */
  cut(tokens: number): void {
    this.#marks = this.#marks.filter((mark) => mark.tokens <= tokens);
    this.#text = this.#text.slice(0, this.#marks.at(-1)?.characters ?? 0);
  }
}
