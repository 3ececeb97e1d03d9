/** A part of a GBNF grammar. This parser is independent of the code that writes grammars. */
type Part =
  | { kind: "text"; text: string }
  | { kind: "class"; ranges: [number, number][] }
  | { kind: "rule"; name: string }
  | { kind: "choice"; alternatives: Part[][] }
  | { kind: "repeat"; part: Part; minimum: number; maximum: number };

/** llama.cpp silently ignores larger bounds. */
const ENGINE_REPETITION_LIMIT = 1999;

/** Length after which a sentence is completed quickly. */
const LONG_SENTENCE = 500;

/** Parses a grammar like llama.cpp, generates random texts from it, and checks whether it accepts a text. */
export class GbnfGrammar {
  readonly #rules = new Map<string, Part[][]>();

  constructor(source: string) {
    for (const line of source.split("\n")) if (line !== "") this.#readRule(line);
    for (const alternatives of this.#rules.values()) this.#checkNames(alternatives);
  }

  /** Generates a text of the grammar. `random` returns numbers from 0 (inclusive) to 1 (exclusive). */
  sentence(random: () => number): string {
    const written: string[] = [];
    this.#write({ kind: "rule", name: "root" }, random, written);
    return written.join("");
  }

  accepts(text: string): boolean {
    return new GbnfMatch(this.#rules, text).matches();
  }

  #readRule(line: string): void {
    const [, name, body] = /^([a-zA-Z][a-zA-Z0-9-]*) ::= (.*)$/s.exec(line) ?? [];
    if (name === undefined || body === undefined) throw new Error(`No rule: ${line}`);
    if (this.#rules.has(name)) throw new Error(`Defined twice: ${name}`);
    const reader = new GbnfReader(body);
    this.#rules.set(name, reader.readAll());
  }

  #checkNames(alternatives: Part[][]): void {
    for (const part of alternatives.flat()) {
      if (part.kind === "rule" && !this.#rules.has(part.name)) throw new Error(`Not defined: ${part.name}`);
      if (part.kind === "choice") this.#checkNames(part.alternatives);
      if (part.kind === "repeat") this.#checkNames([[part.part]]);
    }
  }

  #write(part: Part, random: () => number, written: string[]): void {
    const pick = <Item>(items: Item[]) => items[Math.floor(random() * items.length)] as Item;
    const writeOne = (alternatives: Part[][]) => {
      for (const inner of pick(alternatives)) this.#write(inner, random, written);
    };
    if (part.kind === "text") written.push(part.text);
    else if (part.kind === "class") written.push(String.fromCodePoint(someCodePoint(pick(part.ranges), random)));
    else if (part.kind === "rule") writeOne(this.#rules.get(part.name) ?? []);
    else if (part.kind === "choice") writeOne(part.alternatives);
    else {
      const count = written.length > LONG_SENTENCE ? part.minimum : someCount(part.minimum, part.maximum, random);
      for (let index = 0; index < count; index++) this.#write(part.part, random, written);
    }
  }
}

function someCodePoint([first, last]: [number, number], random: () => number): number {
  // For large ranges, mostly the beginning and the end, where mistakes are likely.
  const span = random() < 0.5 ? Math.min(last - first, 100) : last - first;
  return random() < 0.2 ? last : first + Math.floor(random() * (span + 1));
}

/** Usually few and sometimes the maximum, so that texts are short but bounds are reached. */
function someCount(minimum: number, maximum: number, random: () => number): number {
  const span = maximum - minimum;
  if (span <= 3) return minimum + Math.floor(random() * (span + 1));
  const kind = random();
  if (kind < 0.04) return maximum;
  return minimum + (kind < 0.3 ? 0 : Math.floor(random() * Math.min(span, 6)));
}

class GbnfReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readAll(): Part[][] {
    const alternatives = this.#alternatives();
    if (this.#at < this.#text.length) throw new Error(`Unexpected: ${this.#text.slice(this.#at)}`);
    return alternatives;
  }

  #alternatives(): Part[][] {
    const alternatives = [this.#sequence()];
    while (this.#take(/\|\s*/y) !== null) alternatives.push(this.#sequence());
    return alternatives;
  }

  #sequence(): Part[] {
    const parts: Part[] = [];
    for (;;) {
      this.#take(/\s+/y);
      const part = this.#element();
      if (part === null) return parts;
      parts.push(this.#repeated(part));
    }
  }

  #element(): Part | null {
    const name = this.#take(/[a-zA-Z][a-zA-Z0-9-]*/y);
    if (name !== null) return { kind: "rule", name: name[0] };
    const text = this.#take(/"((?:[^"\\]|\\.)*)"/y);
    if (text !== null)
      return {
        kind: "text",
        text: characters(text[1] ?? "")
          .map((one) => one.text)
          .join(""),
      };
    const set = this.#take(/\[((?:[^\]\\]|\\.)*)\]/y);
    if (set !== null) return { kind: "class", ranges: rangesOf(characters(set[1] ?? "")) };
    if (this.#take(/\(/y) === null) return null;
    const alternatives = this.#alternatives();
    if (this.#take(/\)/y) === null) throw new Error(`Not closed: ${this.#text.slice(this.#at)}`);
    return { kind: "choice", alternatives };
  }

  #repeated(part: Part): Part {
    if (this.#take(/\?/y) !== null) return { kind: "repeat", part, minimum: 0, maximum: 1 };
    const counts = this.#take(/\{(\d+)(?:(,)(\d+))?\}/y);
    if (counts === null) {
      if (/[*+{]/.test(this.#text.charAt(this.#at))) throw new Error("Repetition without a bound");
      return part;
    }
    const minimum = Number(counts[1]);
    const maximum = counts[2] === undefined ? minimum : Number(counts[3]);
    if (minimum > maximum || maximum > ENGINE_REPETITION_LIMIT) throw new Error(`Bad bounds: ${counts[0]}`);
    return { kind: "repeat", part, minimum, maximum };
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#at = pattern.lastIndex;
    return found;
  }
}

interface Character {
  text: string;
  escaped: boolean;
}

function characters(text: string): Character[] {
  const found = text.matchAll(/\\x([0-9A-F]{2})|\\u([0-9A-F]{4})|\\U([0-9A-F]{8})|\\([nrt"\\[\]])|(\\)|(.)/gsu);
  return [...found].map(([, two, four, eight, simple, wrong, plain]) => {
    const digits = two ?? four ?? eight;
    if (wrong !== undefined) throw new Error(`Unknown escape in ${text}`);
    if (digits !== undefined) return { text: fromCodePoint(Number.parseInt(digits, 16)), escaped: true };
    const simpleText = { n: "\n", r: "\r", t: "\t" }[simple ?? ""] ?? simple;
    return { text: simpleText ?? plain ?? "", escaped: simple !== undefined };
  });
}

function fromCodePoint(codePoint: number): string {
  return String.fromCodePoint(codePoint);
}

function rangesOf(found: Character[]): [number, number][] {
  if (found[0]?.text === "^" || found.length === 0) throw new Error("An empty or negated class");
  const codePoint = (index: number) => found[index]?.text.codePointAt(0) ?? Number.NaN;
  const ranges: [number, number][] = [];
  for (let index = 0; index < found.length; index++) {
    const isRange = found[index + 1]?.text === "-" && !found[index + 1]?.escaped && index + 2 < found.length;
    ranges.push([codePoint(index), codePoint(isRange ? index + 2 : index)]);
    if (isRange) index += 2;
  }
  for (const [first, last] of ranges) if (!(first <= last)) throw new Error("A reversed range");
  return ranges;
}

/** Follows all paths through a text at once, as the set of positions where each part may end. */
class GbnfMatch {
  readonly #rules: ReadonlyMap<string, Part[][]>;
  readonly #characters: string[];
  readonly #known = new Map<string, Set<number>>();

  constructor(rules: ReadonlyMap<string, Part[][]>, text: string) {
    this.#rules = rules;
    this.#characters = [...text];
  }

  matches(): boolean {
    return this.#ends({ kind: "rule", name: "root" }, 0).has(this.#characters.length);
  }

  #ends(part: Part, start: number): Set<number> {
    if (part.kind === "choice") return this.#endsOfAny(part.alternatives, start);
    if (part.kind === "repeat") return this.#endsOfRepeat(part.part, part.minimum, part.maximum, start);
    if (part.kind === "rule") {
      const key = `${part.name} ${start}`;
      const known = this.#known.get(key);
      if (known !== undefined) return known;
      const ends = this.#endsOfAny(this.#rules.get(part.name) ?? [], start);
      this.#known.set(key, ends);
      return ends;
    }
    if (part.kind === "class") {
      const codePoint = this.#characters[start]?.codePointAt(0) ?? -1;
      return new Set(part.ranges.some(([first, last]) => codePoint >= first && codePoint <= last) ? [start + 1] : []);
    }
    const expected = [...part.text];
    const matches = expected.every((character, index) => this.#characters[start + index] === character);
    return new Set(matches ? [start + expected.length] : []);
  }

  #endsOfAny(alternatives: Part[][], start: number): Set<number> {
    const all = new Set<number>();
    for (const sequence of alternatives) {
      let places = new Set([start]);
      for (const part of sequence) places = this.#endsFromAll(part, places);
      for (const place of places) all.add(place);
    }
    return all;
  }

  #endsOfRepeat(part: Part, minimum: number, maximum: number, start: number): Set<number> {
    let places = new Set([start]);
    const all = new Set(minimum === 0 ? [start] : []);
    for (let count = 1; count <= maximum && places.size > 0; count++) {
      places = this.#endsFromAll(part, places);
      if (count >= minimum) for (const place of places) all.add(place);
    }
    return all;
  }

  #endsFromAll(part: Part, places: Set<number>): Set<number> {
    const all = new Set<number>();
    for (const place of places) for (const end of this.#ends(part, place)) all.add(end);
    return all;
  }
}
