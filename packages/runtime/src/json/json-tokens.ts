/**
 * A token of a JSON text, from `start` to before `end`. A word is `true`, `false` or `null`; a mark is one of `{}[],:`.
 */
export interface JsonToken {
  readonly kind: "string" | "number" | "word" | "mark";
  readonly start: number;
  readonly end: number;
}

/** Yields the tokens of a valid JSON text without white space. It does not recurse. */
export function* jsonTokens(text: string): Generator<JsonToken> {
  for (let start = 0; start < text.length; ) {
    const character = text.charAt(start);
    if (character === '"') {
      let end = start + 1;
      while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
      yield { kind: "string", start, end: end + 1 };
      start = end + 1;
    } else if ("{}[],:".includes(character)) {
      yield { kind: "mark", start, end: start + 1 };
      start += 1;
    } else if (/[-\w]/.test(character)) {
      let end = start + 1;
      while (/[-+.\w]/.test(text.charAt(end))) end += 1;
      yield { kind: /[a-z]/i.test(character) ? "word" : "number", start, end };
      start = end;
    } else start += 1;
  }
}
