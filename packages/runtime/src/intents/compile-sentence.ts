import { type Folding, foldingOf } from "../fold-case.js";
import { runTogether, splitWords } from "../split-words.js";
import { parseSentence, SentenceError, type SentencePart } from "./parse-sentence.js";
import type { SlotMatcher } from "./slot-values.js";

/** A part of a sentence whose words stand each for themselves. */
type WholePart =
  | { kind: "words"; words: readonly string[]; at: number }
  | { kind: "choice"; options: WholePart[][]; optional: boolean; at: number }
  | WholeSlot;

/** `followsHyphen`: the template ties the slot to letters, as in `zone-{number}`. */
type WholeSlot = SentencePart & { kind: "slot"; followsHyphen?: boolean };

/** A step of a sentence; `id` tells the steps of one sentence apart. */
export type SentenceNode =
  | { kind: "word"; id: number; word: string; next: SentenceNode }
  | {
      kind: "slot";
      id: number;
      name: string;
      /** Its name among the config's slots. */
      source: string;
      slot: SlotMatcher;
      followsHyphen: boolean;
      next: SentenceNode;
    }
  | { kind: "branch"; id: number; options: SentenceNode[] }
  | { kind: "end"; id: number };

/** A sentence template as a small automaton over words. */
export interface CompiledSentence {
  readonly template: string;
  /** Null for a sentence of every language. */
  readonly language: string | null;
  readonly folding: Folding;
  readonly start: SentenceNode;
  readonly nodeCount: number;
  /** Words that a match has at least and at most. */
  readonly shortest: number;
  readonly longest: number;
  /** Sets of words of which every match has at least one; empty where no word is sure to be there. */
  readonly anchors: readonly (readonly string[])[];
  /** Names of the sentence's slots, each with the config's slot that it takes. */
  readonly slotNames: ReadonlyMap<string, string>;
}

/** Memory of a sentence, and steps of a match for each word of a message, at most. */
const MAX_NODES = 2000;
/** `light[s]` has two forms; brackets that touch each other and letters multiply them. */
const MAX_GLUED_FORMS = 64;

/** Compiles a template. `slotOf` gives what a slot takes, or null where there is none. Throws {@link SentenceError}. */
export function compileSentence(
  template: string,
  language: string | null,
  slotOf: (slot: string, folding: Folding) => SlotMatcher | null,
): CompiledSentence {
  let nodeCount = 0;
  const folding = foldingOf(language, [template]);
  const isNumber = (name: string) => slotOf(name, folding)?.kind === "number";
  const parts = new WholeParts(folding, isNumber).of(parseSentence(template));
  const slotNames = namesOf(parts);
  const end: SentenceNode = { kind: "end", id: nodeCount++ };
  const start = sequence(parts, end);
  if (mayBeEmpty(parts)) throw new SentenceError("every word is optional: nothing at all would match", 0);
  const [shortest, longest] = [lengthOf(parts, false), lengthOf(parts, true)];
  return { template, language, folding, start, nodeCount, shortest, longest, anchors: anchorsOf(parts), slotNames };

  /** The fewest words that these parts take, or the most. */
  function lengthOf(found: readonly WholePart[], isLongest: boolean): number {
    let length = 0;
    for (const part of found) length += isLongest ? longestOf(part) : shortestOf(part);
    return length;
  }

  function shortestOf(part: WholePart): number {
    if (part.kind === "words") return part.words.length;
    // A text may be what has no words, such as an emoji.
    if (part.kind === "slot") return slotOf(part.slot, folding)?.kind === "text" ? 0 : 1;
    let length = part.optional ? 0 : Number.POSITIVE_INFINITY;
    for (const option of part.options) length = Math.min(length, lengthOf(option, false));
    return length;
  }

  function longestOf(part: WholePart): number {
    if (part.kind === "words") return part.words.length;
    if (part.kind === "slot") {
      const slot = slotOf(part.slot, folding);
      // A number may have a word for its sign.
      if (slot?.kind !== "list") return slot?.kind === "text" ? Number.POSITIVE_INFINITY : 2;
      return slot.longest;
    }
    let length = 0;
    for (const option of part.options) length = Math.max(length, lengthOf(option, true));
    return length;
  }

  function sequence(found: readonly WholePart[], after: SentenceNode): SentenceNode {
    let next = after;
    for (let index = found.length - 1; index >= 0; index--) next = node(found[index] as WholePart, next);
    return next;
  }

  function node(part: WholePart, next: SentenceNode): SentenceNode {
    switch (part.kind) {
      case "words": {
        let first = next;
        for (let index = part.words.length - 1; index >= 0; index--) {
          first = { kind: "word", id: count(part.at), word: part.words[index] as string, next: first };
        }
        return first;
      }
      case "choice": {
        const id = count(part.at);
        const options = part.options.map((option) => sequence(option, next));
        // What is optional is taken where it can be.
        return { kind: "branch", id, options: part.optional ? [...options, next] : options };
      }
      case "slot": {
        const slot = slotOf(part.slot, folding);
        if (slot === null) throw new SentenceError(`there is no slot named "${part.slot}"`, part.at);
        if (slot.kind === "text" && leadsToText(next)) {
          throw new SentenceError("two free texts follow one another: nothing says where the first ends", part.at);
        }
        const { name, slot: source, followsHyphen = false } = part;
        return { kind: "slot", id: count(part.at), name, source, slot, followsHyphen, next };
      }
    }
  }

  function count(at: number): number {
    if (nodeCount >= MAX_NODES) throw new SentenceError(`the sentence has more than ${MAX_NODES} steps`, at);
    return nodeCount++;
  }
}

function leadsToText(node: SentenceNode, seen = new Set<number>()): boolean {
  if (seen.has(node.id)) return false;
  seen.add(node.id);
  if (node.kind === "branch") return node.options.some((option) => leadsToText(option, seen));
  return node.kind === "slot" && node.slot.kind === "text";
}

const noNames: ReadonlyMap<string, string> = new Map();

/** The names of the slots. A slot has one value: it stands once on every way through the sentence. */
function namesOf(parts: readonly WholePart[]): ReadonlyMap<string, string> {
  let seen: Map<string, string> | null = null;
  const see = (name: string, slot: string, at: number) => {
    seen ??= new Map();
    if (seen.has(name)) {
      throw new SentenceError(`{${name}} stands twice: give one of them a name, as in {slot:name}`, at);
    }
    seen.set(name, slot);
  };
  for (const part of parts) {
    if (part.kind === "slot") see(part.name, part.slot, part.at);
    else if (part.kind === "choice") {
      for (const [name, slot] of namesOfAny(part.options)) see(name, slot, part.at);
    }
  }
  return seen ?? noNames;
}

/** The names of the slots of all alternatives together. */
function namesOfAny(options: readonly (readonly WholePart[])[]): ReadonlyMap<string, string> {
  let all = noNames;
  for (const option of options) {
    const names = namesOf(option);
    if (names.size > 0) all = all.size === 0 ? names : new Map([...all, ...names]);
  }
  return all;
}

function mayBeEmpty(parts: readonly WholePart[]): boolean {
  return parts.every((part) => {
    if (part.kind === "words") return part.words.length === 0;
    return part.kind === "choice" && (part.optional || part.options.some(mayBeEmpty));
  });
}

/** For each part that is always there, the words of which one must be in the message. */
function anchorsOf(parts: readonly WholePart[]): string[][] {
  const anchors: string[][] = [];
  for (const part of parts) {
    if (part.kind === "words") for (const word of part.words) anchors.push([word]);
    if (part.kind !== "choice" || part.optional) continue;
    const words: string[] = [];
    const isCertain = part.options.every((option) => {
      const [first] = anchorsOf(option);
      if (first !== undefined) words.push(...first);
      return first !== undefined;
    });
    if (isCertain) anchors.push(words);
  }
  return anchors;
}

/**
 * Makes every part of a sentence of whole words: parts that touch without a space between them, such as `light[s]`,
 * become a choice of all their forms.
 */
class WholeParts {
  readonly #folding: Folding;
  readonly #isNumber: (slot: string) => boolean;

  constructor(folding: Folding, isNumber: (slot: string) => boolean) {
    this.#folding = folding;
    this.#isNumber = isNumber;
  }

  of(parts: readonly SentencePart[]): WholePart[] {
    if (!parts.some((part, index) => touches(part, parts[index + 1]))) return parts.map(this.#alone);
    return gluedRuns(parts).flatMap((run): WholePart[] => {
      const [first] = run;
      if (first === undefined) return [];
      if (run.length === 1) return [this.#alone(first)];
      const forms = formsOf(run, first.at);
      for (const form of forms) refuseTouching(form, this.#isNumber);
      const whole = forms.map((form) =>
        form.map((part, index) => this.#beside(form[index - 1], part, form[index + 1])),
      );
      const options = [...new Map(whole.map((form) => [JSON.stringify(form.map(withoutPlace)), form])).values()];
      return options.length === 1 ? (options[0] ?? []) : [{ kind: "choice", options, optional: false, at: first.at }];
    });
  }

  readonly #alone = (part: SentencePart): WholePart => {
    if (part.kind === "slot") return part;
    if (part.kind === "text") return { kind: "words", words: this.#wordsOf(part.text), at: part.at };
    const { optional, at } = part;
    return { kind: "choice", options: part.options.map((option) => this.of(option)), optional, at };
  };

  #wordsOf(text: string): string[] {
    return splitWords(text, this.#folding).map(({ text }) => text);
  }

  /** A part between those that touch it: a character beside a number may be a word, as the colon of `{hour}:{minute}`. */
  #beside(before: PlainPart | undefined, part: PlainPart, after: PlainPart | undefined): WholePart {
    if (part.kind === "slot") {
      const followsHyphen = before?.kind === "text" && /[\p{L}\p{M}][.,\p{Pd}\u2212]$/u.test(before.text);
      return followsHyphen && this.#isNumber(part.slot) ? { ...part, followsHyphen } : part;
    }
    const [first, last] = [before, after].map((other) =>
      other?.kind === "slot" && this.#isNumber(other.slot) ? "1" : "",
    );
    const words = this.#wordsOf(`${first}${part.text}${last}`);
    const own = words.slice(first === "" ? 0 : 1, last === "" || words.length < 2 ? words.length : -1);
    return { kind: "words", words: own, at: part.at };
  }
}

function withoutPlace(part: WholePart): WholePart {
  return { ...part, at: 0 };
}

/** Do two parts follow one another without white space? */
function touches(part: SentencePart, next: SentencePart | undefined): boolean {
  if (next === undefined) return false;
  if (part.kind === "text") return !/\s$/u.test(part.text.slice(-1));
  return next.kind !== "text" || !/^\s/u.test(next.text);
}

/** Splits texts at white space, and gathers what stands between. */
function gluedRuns(parts: readonly SentencePart[]): SentencePart[][] {
  const runs: SentencePart[][] = [[]];
  for (const part of parts) {
    if (part.kind !== "text") {
      runs.at(-1)?.push(part);
      continue;
    }
    let at = part.at;
    for (const piece of part.text.split(/(\s+)/u)) {
      if (/^\s/u.test(piece)) runs.push([]);
      else if (piece !== "") runs.at(-1)?.push({ kind: "text", text: piece, at });
      at += piece.length;
    }
  }
  return runs.filter((run) => run.length > 0);
}

type PlainPart = Exclude<SentencePart, { kind: "choice" }>;

/** Every way through a run, its texts joined: a list of texts and slots each. */
function formsOf(run: readonly SentencePart[], at: number): PlainPart[][] {
  let forms: PlainPart[][] = [[]];
  for (const part of run) {
    const endings =
      part.kind !== "choice"
        ? [[part]]
        : [...part.options.flatMap((option) => formsOf(option, at)), ...(part.optional ? [[]] : [])];
    if (forms.length * endings.length > MAX_GLUED_FORMS) {
      throw new SentenceError(`what is written together has more than ${MAX_GLUED_FORMS} forms: use spaces`, at);
    }
    forms = forms.flatMap((form) => endings.map((ending) => joinTexts([...form, ...ending])));
  }
  return forms;
}

function joinTexts(parts: readonly PlainPart[]): PlainPart[] {
  const joined: PlainPart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (part.kind === "text" && last?.kind === "text")
      joined[joined.length - 1] = { ...last, text: last.text + part.text };
    else joined.push(part);
  }
  return joined;
}

/** Letters that touch a slot would run into its value: `{zone}s` could never be said. Digits and letters part by themselves. */
function refuseTouching(form: readonly PlainPart[], isNumber: (slot: string) => boolean): void {
  const sample = (part: PlainPart) =>
    part.kind === "text" ? [...part.text] : [part.kind === "slot" && isNumber(part.slot) ? "1" : "x"];
  for (const [index, part] of form.entries()) {
    const next = form[index + 1];
    if (next === undefined || part.kind === next.kind) continue;
    if (!runTogether(sample(part).at(-1) ?? "", sample(next)[0] ?? "")) continue;
    throw new SentenceError("letters touch a slot: put a space between them", next.at);
  }
}
