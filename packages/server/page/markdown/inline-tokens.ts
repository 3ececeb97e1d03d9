import { MAX_ADDRESS_CHARACTERS } from "./safe-link.js";

/** Code between backticks. */
interface Code {
  readonly type: "code";
  readonly text: string;
}

/** A link, or an image, which is shown as a link. `source` is the whole of its Markdown. */
interface Link {
  readonly type: "link";
  readonly label: string;
  readonly address: string;
  readonly source: string;
}

/** Marks that may open or close emphasis. `pair`: index of the token at the other end, once it is known. */
interface Mark {
  readonly type: "mark";
  readonly text: string;
  readonly canOpen: boolean;
  readonly canClose: boolean;
  pair: number | null;
}

interface Text {
  readonly type: "text";
  readonly text: string;
}

export type Token = Code | Link | Mark | Text;

/** Parentheses inside each other in an address. */
const MAX_PARENTHESES = 3;
/** Characters that begin something else than text, and a word with `://`. */
const SPECIAL = /[\\`*_![]|https?:\/\//g;

/** Splits a text into tokens, in time linear to its length. */
export function readTokens(text: string): Token[] {
  const tokens: Token[] = [];
  const backticks = new Backticks(text);
  const brackets = matchBrackets(text);
  let textFrom = 0;
  let at = 0;
  const add = (token: Token, to: number) => {
    if (at > textFrom) tokens.push({ type: "text", text: text.slice(textFrom, at) });
    tokens.push(token);
    at = to;
    textFrom = to;
  };
  while (at < text.length) {
    SPECIAL.lastIndex = at;
    const found = SPECIAL.exec(text);
    if (found === null) break;
    at = found.index;
    const character = text[at] ?? "";
    if (character === "\\" && /[!-/:-@[-`{-~]/.test(text[at + 1] ?? "")) {
      add({ type: "text", text: text[at + 1] ?? "" }, at + 2);
    } else if (character === "`") {
      const code = backticks.readCode(at);
      if (code.text === null) at = code.to;
      else add({ type: "code", text: code.text }, code.to);
    } else if (character === "[" || (character === "!" && text[at + 1] === "[")) {
      const link = readLink(text, at, brackets);
      if (link === null) at += 1;
      else add(link, at + link.source.length);
    } else if (character === "h") {
      const link = readBareAddress(text, at);
      if (link === null) at += 1;
      else add(link, at + link.source.length);
    } else if (character === "*" || character === "_") {
      const mark = readMark(text, at);
      add(mark, at + mark.text.length);
    } else at += 1;
  }
  at = text.length;
  if (at > textFrom) tokens.push({ type: "text", text: text.slice(textFrom) });
  pairMarks(tokens);
  return tokens;
}

/** Runs of backticks by their length, so that each run is looked at once. */
class Backticks {
  readonly #text: string;
  readonly #byLength = new Map<number, { places: number[]; next: number }>();

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf("`"); at >= 0; at = text.indexOf("`", at)) {
      const end = endOfRun(text, at);
      const runs = this.#byLength.get(end - at);
      if (runs === undefined) this.#byLength.set(end - at, { places: [at], next: 0 });
      else runs.places.push(at);
      at = end;
    }
  }

  /** Reads the code that begins here; its text is null if nothing ends it, and `to` then is the end of the backticks. */
  readCode(at: number): { text: string | null; to: number } {
    const end = endOfRun(this.#text, at);
    const runs = this.#byLength.get(end - at);
    while (runs !== undefined && (runs.places[runs.next] ?? Number.POSITIVE_INFINITY) < end) runs.next += 1;
    const closing = runs?.places[runs.next];
    const text = this.#text.slice(end, closing);
    // Browsers need minutes for a line of many elements that have spaces only.
    if (closing === undefined || text.trim() === "") return { text: null, to: end };
    const isPadded = text.startsWith(" ") && text.endsWith(" ");
    return { text: isPadded ? text.slice(1, -1) : text, to: closing + (end - at) };
  }
}

function endOfRun(text: string, at: number): number {
  let end = at;
  while (text[end] === text[at]) end += 1;
  return end;
}

/** Returns the place of the `]` for every `[`. */
function matchBrackets(text: string): Map<number, number> {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  const bracket = /[[\]\\]/g;
  for (let found = bracket.exec(text); found !== null; found = bracket.exec(text)) {
    if (found[0] === "[") open.push(found.index);
    else if (found[0] === "\\") bracket.lastIndex += 1;
    else {
      const opening = open.pop();
      if (opening !== undefined) pairs.set(opening, found.index);
    }
  }
  return pairs;
}

/** Reads `[label](address)` and `![label](address)`. */
function readLink(text: string, at: number, brackets: ReadonlyMap<number, number>): Link | null {
  const opening = text[at] === "!" ? at + 1 : at;
  const closing = brackets.get(opening);
  if (closing === undefined || text[closing + 1] !== "(") return null;
  const end = endOfAddress(text, closing + 2);
  if (end === null) return null;
  const address = text.slice(closing + 2, end);
  const label = text.slice(opening + 1, closing);
  return { type: "link", label, address, source: text.slice(at, end + 1) };
}

/** Returns the place of the `)` after an address. */
function endOfAddress(text: string, from: number): number | null {
  let open = 0;
  for (let at = from; at < text.length && at - from <= MAX_ADDRESS_CHARACTERS; at++) {
    const character = text[at] ?? "";
    if (character === "(") open += 1;
    else if (character === ")" && open === 0) return at;
    else if (character === ")") open -= 1;
    if (open > MAX_PARENTHESES || character <= " ") return null;
  }
  return null;
}

const BARE_ADDRESS = new RegExp(`https?://[^\\s<>"\`*\\\\]{1,${MAX_ADDRESS_CHARACTERS}}`, "y");

/** Reads `https://example.org`. */
function readBareAddress(text: string, at: number): Link | null {
  BARE_ADDRESS.lastIndex = at;
  const found = BARE_ADDRESS.exec(text);
  if (found === null || /\w/.test(text[at - 1] ?? "")) return null;
  const address = withoutPunctuation(found[0]);
  return { type: "link", label: "", address, source: address };
}

/** The end of a sentence is not a part of an address, nor is a parenthesis that was opened before it. */
function withoutPunctuation(address: string): string {
  let end = address.length;
  while (/[.,:;!?'_]/.test(address[end - 1] ?? "")) end -= 1;
  const text = address.slice(0, end);
  return text.endsWith(")") && !text.includes("(") ? text.slice(0, -1) : text;
}

function readMark(text: string, at: number): Mark {
  const end = endOfRun(text, at);
  const [before = " ", after = " "] = [text[at - 1], text[end]];
  const isKnown = end - at <= 3;
  // Names such as `snake_case` have no emphasis.
  const isInWord = text[at] === "_";
  const isWord = (character: string) => /[\p{L}\p{N}]/u.test(character);
  return {
    type: "mark",
    text: text.slice(at, end),
    canOpen: isKnown && after.trim() !== "" && !(isInWord && isWord(before)),
    canClose: isKnown && before.trim() !== "" && !(isInWord && isWord(after)),
    pair: null,
  };
}

/** Joins every closing mark with the nearest open one that is the same. Every mark is added and removed once. */
function pairMarks(tokens: readonly Token[]): void {
  const open: number[] = [];
  const counts = new Map<string, number>();
  const count = (text: string, change: number) => counts.set(text, (counts.get(text) ?? 0) + change);
  for (const [index, token] of tokens.entries()) {
    if (token.type !== "mark") continue;
    if (token.canClose && (counts.get(token.text) ?? 0) > 0) {
      for (let at = open.pop(); at !== undefined; at = open.pop()) {
        const other = tokens[at] as Mark;
        count(other.text, -1);
        if (other.text !== token.text) continue;
        other.pair = index;
        token.pair = at;
        break;
      }
    } else if (token.canOpen) {
      open.push(index);
      count(token.text, 1);
    }
  }
}
