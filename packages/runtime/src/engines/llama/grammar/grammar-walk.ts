/** An element of a rule: a character set, a reference to a rule, or a combination of parts. */
type Part =
  | { readonly kind: "character"; readonly ranges: readonly number[]; readonly isExcluded: boolean }
  | { readonly kind: "rule"; readonly name: string }
  | { readonly kind: "choice"; readonly alternatives: readonly (readonly Part[])[] }
  | { readonly kind: "repeat"; readonly body: readonly Part[]; readonly minimum: number; readonly maximum: number };

/**
 * A position in a sequence of parts: the next part, its number of repetitions so far, and the position after the
 * sequence.
 */
interface Place {
  readonly parts: readonly Part[];
  readonly at: number;
  readonly count: number;
  readonly outer: Place | null;
}

/** Limits on simultaneous places and on steps to find them. A grammar with more branches is not followed. */
const MAX_PLACES = 256;
const MAX_STEPS = 20_000;

/**
 * Follows a text through a grammar in llama.cpp's notation and determines which text must come next. The grammar is the
 * one that constrains the reply, so forced text needs no second description. A text that violates the grammar, or that
 * leads to too many places, ends the walk without further results.
 */
export class GrammarWalk {
  readonly #rules = new Map<string, string>();
  readonly #parsed = new Map<string, Part[][]>();
  /** Places before a character, or null if unknown. */
  #places: readonly Place[] | null;
  #mayEnd = false;

  constructor(grammar: string) {
    for (const line of grammar.split("\n")) {
      const at = line.indexOf(" ::= ");
      if (at > 0) this.#rules.set(line.slice(0, at), line.slice(at + 5));
    }
    const start: Place = { parts: [{ kind: "rule", name: "root" }], at: 0, count: 0, outer: null };
    [this.#places, this.#mayEnd] = this.#charactersFrom([start]);
  }

  /** Whether the text is complete, so that nothing may follow. */
  get isEnded(): boolean {
    return this.#mayEnd && this.#places?.length === 0;
  }

  /** Adds the next piece of the text. */
  push(text: string): void {
    for (const character of text) {
      if (this.#places === null) return;
      [this.#places, this.#mayEnd] = this.#behind(this.#places, character.codePointAt(0) ?? 0);
    }
  }

  /** Returns the text that must come next, at most `most` characters, and whether the whole text ends with it. */
  forced(most: number): { text: string; isEnd: boolean } {
    let [places, mayEnd] = [this.#places, this.#mayEnd];
    let text = "";
    while (places !== null && places.length > 0 && !mayEnd && text.length < most) {
      const only = onlyCharacter(places);
      if (only === null) break;
      text += String.fromCodePoint(only);
      [places, mayEnd] = this.#behind(places, only);
    }
    return { text, isEnd: mayEnd && places?.length === 0 };
  }

  #behind(places: readonly Place[], character: number): [Place[] | null, boolean] {
    const next = places.filter((place) => allows(place, character)).map((place) => ({ ...place, at: place.at + 1 }));
    const [found, mayEnd] = this.#charactersFrom(next);
    // A text that violates the grammar means that this walk and the engine disagree.
    return found?.length === 0 && !mayEnd ? [null, false] : [found, mayEnd];
  }

  /** Returns the places before the characters that may come next (null if too many), and whether the text may end. */
  #charactersFrom(starts: readonly Place[]): [Place[] | null, boolean] {
    const found: Place[] = [];
    const waiting = [...starts];
    let mayEnd = false;
    for (let steps = 0; ; steps++) {
      const place = waiting.pop();
      if (place === undefined) return [found, mayEnd];
      if (steps > MAX_STEPS || found.length > MAX_PLACES) return [null, false];
      const { parts, at, count, outer } = place;
      const part = parts[at];
      if (part === undefined) {
        if (outer === null) mayEnd = true;
        else waiting.push(outer);
      } else if (part.kind === "character") found.push(place);
      else {
        const behind = { parts, at: at + 1, count: 0, outer };
        if (part.kind === "repeat") {
          if (count >= part.minimum) waiting.push(behind);
          const again = { parts, at, count: count + 1, outer };
          if (count < part.maximum) waiting.push({ parts: part.body, at: 0, count: 0, outer: again });
        } else {
          const alternatives = part.kind === "rule" ? this.#rule(part.name) : part.alternatives;
          for (const sequence of alternatives) waiting.push({ parts: sequence, at: 0, count: 0, outer: behind });
        }
      }
    }
  }

  #rule(name: string): readonly (readonly Part[])[] {
    let rule = this.#parsed.get(name);
    if (rule === undefined) {
      rule = new RuleReader(this.#rules.get(name) ?? "").alternatives();
      this.#parsed.set(name, rule);
    }
    return rule;
  }
}

function onlyCharacter(places: readonly Place[]): number | null {
  let only: number | null = null;
  for (const { parts, at } of places) {
    const part = parts[at];
    if (part?.kind !== "character" || part.isExcluded || part.ranges.length !== 2) return null;
    const [first = 0, last] = part.ranges;
    if (first !== last || (only !== null && only !== first)) return null;
    only = first;
  }
  return only;
}

function allows({ parts, at }: Place, character: number): boolean {
  const part = parts[at];
  if (part?.kind !== "character") return false;
  const { ranges, isExcluded } = part;
  for (let index = 0; index < ranges.length; index += 2) {
    if (character >= (ranges[index] ?? 0) && character <= (ranges[index + 1] ?? 0)) return !isExcluded;
  }
  return isExcluded;
}

/** Parses the body of a rule. */
class RuleReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  alternatives(): Part[][] {
    const all = [this.#sequence()];
    while (this.#take(/\|/y) !== undefined) all.push(this.#sequence());
    return all;
  }

  #sequence(): Part[] {
    const parts: Part[] = [];
    for (;;) {
      this.#take(/\s+/y);
      const element = this.#element();
      if (element === null) return parts;
      const [minimum, maximum = minimum] = this.#take(/\{\d+(,\d+)?\}|[?*+]/y)?.match(/\d+|[?*+]/g) ?? [];
      if (minimum === undefined) parts.push(...element);
      else parts.push({ kind: "repeat", body: element, ...boundsOf(minimum, maximum) });
    }
  }

  #element(): Part[] | null {
    const name = this.#take(/[A-Za-z][\w-]*/y);
    if (name !== undefined) return [{ kind: "rule", name }];
    const text = this.#take(/"(?:[^"\\]|\\.)*"/y);
    if (text !== undefined) return codePoints(text.slice(1, -1)).map(({ code }) => oneOf([code, code]));
    const set = this.#take(/\[(?:[^\]\\]|\\.)*\]/y);
    if (set !== undefined) return [readSet(set.slice(1, -1))];
    if (this.#take(/\(/y) === undefined) return null;
    const alternatives = this.alternatives();
    this.#take(/\)/y);
    return [{ kind: "choice", alternatives }];
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
}

function boundsOf(minimum: string, maximum: string | undefined): { minimum: number; maximum: number } {
  if (minimum === "?") return { minimum: 0, maximum: 1 };
  const most = Number.POSITIVE_INFINITY;
  if (minimum === "*" || minimum === "+") return { minimum: minimum === "+" ? 1 : 0, maximum: most };
  return { minimum: Number(minimum), maximum: Number(maximum) };
}

function oneOf(ranges: readonly number[], isExcluded = false): Part {
  return { kind: "character", ranges, isExcluded };
}

function readSet(text: string): Part {
  const isExcluded = text.startsWith("^");
  const found = codePoints(isExcluded ? text.slice(1) : text);
  const ranges: number[] = [];
  for (let at = 0; at < found.length; at++) {
    const first = found[at]?.code ?? 0;
    const isRange = found[at + 1]?.source === "-" && at + 2 < found.length;
    ranges.push(first, isRange ? (found[at + 2]?.code ?? 0) : first);
    if (isRange) at += 2;
  }
  return oneOf(ranges, isExcluded);
}

const escapes: Record<string, string> = { n: "\n", r: "\r", t: "\t" };

function codePoints(text: string): { source: string; code: number }[] {
  const found = text.matchAll(/\\(?:x[\dA-F]{2}|u[\dA-F]{4}|U[\dA-F]{8}|.)|./gisu);
  return [...found].map(([source]) => {
    const digits = /^\\[xuU](.+)/.exec(source)?.[1];
    const character = source.startsWith("\\") ? (escapes[source.slice(1)] ?? source.slice(1)) : source;
    return { source, code: digits === undefined ? (character.codePointAt(0) ?? 0) : Number.parseInt(digits, 16) };
  });
}
