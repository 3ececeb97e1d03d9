import { ExactNumber } from "../json/exact-number.js";
import { MAX_RESULT_CHARACTERS, toolResultText } from "../tools/tool-result-text.js";
import { SentenceError } from "./parse-sentence.js";

type AnswerPart =
  | { kind: "text"; text: string }
  | { kind: "value"; path: readonly string[]; at: number }
  | { kind: "optional"; parts: readonly AnswerPart[] };

/** Names of ASCII letters, which nearly all names are. Compiling a pattern of all letters takes milliseconds. */
const plainValuePattern = /^\{([a-z\d_.-]+)\}/i;
const valuePattern = /^\{([\p{L}\p{N}_.-]+)\}/u;
const MAX_ANSWER_CHARACTERS = 10_000;
const MAX_NESTING = 16;

/**
 * Text with values: `{zone}`, `{result.temperature}`, and `[parts]` that are omitted where one of their values is
 * unknown. `{{`, `}}`, `[[` and `]]` are literal brackets.
 */
export class AnswerTemplate {
  readonly #parts: readonly AnswerPart[];

  private constructor(parts: readonly AnswerPart[]) {
    this.#parts = parts;
  }

  /**
   * Parses a template. Throws {@link SentenceError} for a syntax error, and for a value whose first name is not in
   * `names`. Pass null for `names` where that was checked before.
   */
  static parse(text: string, names: ReadonlySet<string> | null): AnswerTemplate {
    const parts = parseAnswer(text);
    if (names === null) return new AnswerTemplate(parts);
    const check = (found: readonly AnswerPart[]): void => {
      for (const part of found) {
        if (part.kind === "optional") check(part.parts);
        if (part.kind !== "value" || names.has(part.path[0] ?? "")) continue;
        const known = names.size === 0 ? "" : `: use ${[...names].sort().join(", ")}`;
        throw new SentenceError(`unknown value "${part.path[0]}"${known}`, part.at);
      }
    };
    check(parts);
    return new AnswerTemplate(parts);
  }

  /** Returns the text with these values. An unknown value outside of brackets is empty. */
  render(values: Readonly<Record<string, unknown>>): string {
    return render(this.#parts, values).text;
  }
}

function render(
  parts: readonly AnswerPart[],
  values: Readonly<Record<string, unknown>>,
): { text: string; whole: boolean } {
  let text = "";
  let whole = true;
  for (const part of parts) {
    if (part.kind === "text") text += part.text;
    else if (part.kind === "optional") {
      const inner = render(part.parts, values);
      if (inner.whole) text += inner.text;
    } else {
      const value = valueAt(values, part.path);
      if (value === undefined || value === null) whole = false;
      else if (typeof value === "object" && !(value instanceof ExactNumber))
        text += toolResultText(value, MAX_RESULT_CHARACTERS);
      else text += String(value);
    }
  }
  return { text, whole };
}

/** Reads own properties only, so that a name like `constructor` is not special. */
function valueAt(values: unknown, path: readonly string[]): unknown {
  let value = values;
  for (const key of path) {
    if (typeof value !== "object" || value === null || value instanceof ExactNumber || !Object.hasOwn(value, key))
      return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function parseAnswer(text: string): AnswerPart[] {
  if (text.length > MAX_ANSWER_CHARACTERS) {
    throw new SentenceError(`an answer has at most ${MAX_ANSWER_CHARACTERS} characters`, MAX_ANSWER_CHARACTERS);
  }
  let at = 0;
  return sequence(0);

  function sequence(depth: number): AnswerPart[] {
    const parts: AnswerPart[] = [];
    let plain = "";
    const flush = () => {
      if (plain !== "") parts.push({ kind: "text", text: plain });
      plain = "";
    };
    while (at < text.length) {
      const character = text[at] as string;
      if ("[]{}".includes(character) && text[at + 1] === character) {
        plain += character;
        at += 2;
      } else if (character === "[") {
        flush();
        parts.push(optional(depth + 1));
      } else if (character === "{") {
        flush();
        parts.push(value());
      } else if (character === "]" && depth > 0) {
        break;
      } else if (character === "]" || character === "}") {
        throw new SentenceError(`"${character}" has no opening bracket: double it for a literal bracket`, at);
      } else {
        const end = text.slice(at).search(/[[\]{}]/);
        const until = end < 0 ? text.length : at + end;
        plain += text.slice(at, until);
        at = until;
      }
    }
    flush();
    return parts;
  }

  function optional(depth: number): AnswerPart {
    const start = at;
    if (depth > MAX_NESTING) throw new SentenceError(`brackets are nested deeper than ${MAX_NESTING}`, at);
    at += 1;
    const parts = sequence(depth);
    if (text[at] !== "]") {
      const hint = text.includes("]]", start)
        ? ': "]]" is the character itself, so put a space between the brackets'
        : "";
      throw new SentenceError(`"[" is not closed by "]"${hint}`, start);
    }
    at += 1;
    return { kind: "optional", parts };
  }

  function value(): AnswerPart {
    const rest = text.slice(at, at + 200);
    const match = plainValuePattern.exec(rest) ?? valuePattern.exec(rest);
    if (match?.[1] === undefined)
      throw new SentenceError("a value is a name in braces, such as {zone} or {result.count}", at);
    const part: AnswerPart = { kind: "value", path: match[1].split("."), at };
    at += match[0].length;
    return part;
  }
}
