/** The text is not a literal of the expected notation. */
class NotLiteral extends Error {}

/** Deepest nesting that is read. Deeper values are not arguments. */
const MAX_LEVELS = 100;
const words: Record<string, string> = { true: "true", false: "false", null: "null", none: "null", nil: "null" };
const numberPattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[-+]?\d+)?$/i;
const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", "/": "/", "\n": "" };

/**
 * Reads literals in the notation of Python and of some model families, and returns them as JSON, with numbers as
 * written. Throws {@link NotLiteral}.
 */
export class LiteralReader {
  readonly text: string;
  at: number;
  readonly #marks: readonly string[];

  /** `marks` enclose literal texts without escapes. */
  constructor(text: string, at: number, marks: readonly string[] = []) {
    this.text = text;
    this.at = at;
    this.#marks = marks;
  }

  /** Consumes `part` after white space. Returns whether it was there. */
  take(part: string): boolean {
    this.skip();
    if (!this.text.startsWith(part, this.at)) return false;
    this.at += part.length;
    return true;
  }

  skip(): void {
    while (this.at < this.text.length && /\s/.test(this.text[this.at] as string)) this.at += 1;
  }

  /** Reads a value. */
  value(level = 0): string {
    if (level > MAX_LEVELS) throw new NotLiteral();
    const text = this.quoted();
    if (text !== null) return JSON.stringify(text);
    if (this.take("{")) return this.entries("}", ":", level + 1);
    if (this.take("[")) return `[${this.#items("]", level + 1)}]`;
    if (this.take("(")) return `[${this.#items(")", level + 1)}]`;
    const word = this.#word(/[^\s,:{}[\]()<>"'=]+/y);
    const known = words[word.toLowerCase()];
    if (known !== undefined) return known;
    return numberPattern.test(word) ? word : JSON.stringify(word);
  }

  /** Reads keys and values up to `close`. Returns them as a JSON object. */
  entries(close: string, colon: string, level = 0): string {
    const parts: string[] = [];
    while (!this.take(close)) {
      // Python notation for a key that is not an identifier.
      if (colon === "=" && this.take("**")) {
        if (!this.take("{")) throw new NotLiteral();
        const inner = this.entries("}", ":", level + 1).slice(1, -1);
        if (inner !== "") parts.push(inner);
      } else {
        const key = this.quoted() ?? this.#word(/[^\s,:{}[\]()<>"'=]+/y);
        if (!this.take(colon)) throw new NotLiteral();
        parts.push(`${JSON.stringify(key)}:${this.value(level)}`);
      }
      if (!this.take(",") && !this.text.startsWith(close, this.at)) throw new NotLiteral();
    }
    return `{${parts.join(",")}}`;
  }

  /** Reads a text in any kind of quotation marks. Returns null where none begins here. */
  quoted(): string | null {
    this.skip();
    for (const mark of this.#marks) {
      if (!this.text.startsWith(mark, this.at)) continue;
      const start = this.at + mark.length;
      const end = this.text.indexOf(mark, start);
      if (end < 0) throw new NotLiteral();
      this.at = end + mark.length;
      return this.text.slice(start, end);
    }
    const quote = this.text[this.at];
    if (quote !== '"' && quote !== "'") return null;
    let read = "";
    for (this.at += 1; this.text[this.at] !== quote; this.at += 1) {
      const character = this.text[this.at];
      if (character === undefined) throw new NotLiteral();
      read += character === "\\" ? this.#escape() : character;
    }
    this.at += 1;
    return read;
  }

  #escape(): string {
    this.at += 1;
    const kind = this.text[this.at];
    if (kind === undefined) throw new NotLiteral();
    const digits = { x: 2, u: 4, U: 8 }[kind];
    if (digits === undefined) return escapes[kind] ?? (/["'\\]/.test(kind) ? kind : `\\${kind}`);
    const code = this.text.slice(this.at + 1, this.at + 1 + digits);
    const value = /^[\da-f]+$/i.test(code) ? Number.parseInt(code, 16) : Number.NaN;
    if (code.length < digits || !(value <= 0x10ffff)) throw new NotLiteral();
    this.at += digits;
    return kind === "U" ? String.fromCodePoint(value) : String.fromCharCode(value);
  }

  #items(close: string, level: number): string {
    const items: string[] = [];
    while (!this.take(close)) {
      items.push(this.value(level));
      if (!this.take(",") && !this.text.startsWith(close, this.at)) throw new NotLiteral();
    }
    return items.join(",");
  }

  #word(pattern: RegExp): string {
    this.skip();
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) throw new NotLiteral();
    this.at += found[0].length;
    return found[0];
  }
}

/** Returns the result of `read`, or null where the text is not a literal. */
export function orNull<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof NotLiteral) return null;
    throw error;
  }
}
