/** A part of a sentence template. `at` is its position in the text. */
export type SentencePart =
  | { kind: "text"; text: string; at: number }
  | { kind: "choice"; options: SentencePart[][]; optional: boolean; at: number }
  | { kind: "slot"; slot: string; name: string; at: number };

/** Longest template. Longer ones are hard to read, and their forms could not be counted. */
export const MAX_SENTENCE_CHARACTERS = 1000;
/** Deepest nesting of brackets. The compiler recurses; people nest two or three levels. */
const MAX_NESTING = 16;

/** Error in a sentence template. `at` is the index of the character. */
export class SentenceError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const closing: Partial<Record<string, string>> = { "[": "]", "(": ")" };
/** Names of ASCII letters, which nearly all names are. Compiling a pattern of all letters takes milliseconds. */
const plainSlotPattern = /^\{([a-z][a-z\d_-]*)(?::([a-z][a-z\d_-]*))?\}/i;
const slotPattern = /^\{(\p{L}[\p{L}\p{N}_-]*)(?::(\p{L}[\p{L}\p{N}_-]*))?\}/u;

/**
 * Parses `[optional] (one|other) {slot} text`. `{slot:name}` stores the slot's value under `name`. Throws
 * {@link SentenceError}. Runs in linear time.
 */
export function parseSentence(template: string): SentencePart[] {
  if (template.length > MAX_SENTENCE_CHARACTERS) {
    throw new SentenceError(`a sentence has at most ${MAX_SENTENCE_CHARACTERS} characters`, MAX_SENTENCE_CHARACTERS);
  }
  let at = 0;
  const parts = sequence(0);
  if (at < template.length) {
    const character = template[at];
    throw new SentenceError(
      character === "|" ? '"|" is only allowed inside ( ) or [ ]' : `"${character}" has no opening bracket`,
      at,
    );
  }
  return parts;

  function sequence(depth: number): SentencePart[] {
    const found: SentencePart[] = [];
    while (at < template.length) {
      const character = template[at] as string;
      if (character === "]" || character === ")" || character === "|") break;
      if (character === "[" || character === "(") found.push(choice(character, depth + 1));
      else if (character === "{") found.push(slot());
      else if (character === "}") throw new SentenceError('"}" has no opening bracket', at);
      else found.push(text());
    }
    return found;
  }

  function choice(open: string, depth: number): SentencePart {
    const start = at;
    if (depth > MAX_NESTING) throw new SentenceError(`brackets are nested deeper than ${MAX_NESTING}`, at);
    const options: SentencePart[][] = [];
    do {
      at += 1;
      options.push(sequence(depth));
    } while (template[at] === "|");
    if (template[at] !== closing[open]) {
      const found = at < template.length ? `, but "${template[at]}" comes first` : "";
      throw new SentenceError(`"${open}" is not closed by "${closing[open]}"${found}`, start);
    }
    at += 1;
    return { kind: "choice", options, optional: open === "[", at: start };
  }

  function slot(): SentencePart {
    // A longer name is a brace that was never closed.
    const rest = template.slice(at, at + 200);
    const match = plainSlotPattern.exec(rest) ?? slotPattern.exec(rest);
    const [whole, slotName, name = slotName] = match ?? [];
    if (whole === undefined || slotName === undefined || name === undefined) {
      throw new SentenceError("a slot is a name in braces: a letter, then letters, digits, _ and -", at);
    }
    const part: SentencePart = { kind: "slot", slot: slotName, name, at };
    at += whole.length;
    return part;
  }

  function text(): SentencePart {
    const start = at;
    while (at < template.length && !"[](){}|".includes(template[at] as string)) at += 1;
    return { kind: "text", text: template.slice(start, at), at: start };
  }
}
