import { type Folding, foldingOf } from "../fold-case.js";
import { runTogether, splitWords } from "../split-words.js";
import { parseSentence, SentenceError, type SentencePart } from "./parse-sentence.js";
import type { SlotMatcher } from "./slot-values.js";

/** A part of a sentence that consists of whole words. */
type WholePart =
  | { kind: "words"; words: readonly string[]; at: number }
  | { kind: "choice"; options: WholePart[][]; optional: boolean; at: number }
  | WholeSlot;

/** `followsHyphen`: the template attaches the slot to letters, as in `zone-{number}`. */
type WholeSlot = SentencePart & { kind: "slot"; followsHyphen?: boolean };

/** A step of a sentence. `id` is unique within the sentence. */
export type SentenceNode =
  | { kind: "word"; id: number; word: string; next: SentenceNode }
  | {
      kind: "slot";
      id: number;
      name: string;
      /** Name of the slot in the config. */
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
  /** Null for a sentence that applies to every language. */
  readonly language: string | null;
  readonly folding: Folding;
  readonly start: SentenceNode;
  readonly nodeCount: number;
  /** Fewest and most words of a match. */
  readonly shortest: number;
  readonly longest: number;
  /** Sets of words: every match contains at least one word of each set. Empty where no word is certain. */
  readonly anchors: readonly (readonly string[])[];
  /** Names of the sentence's slots, each with the config's slot that it uses. */
  readonly slotNames: ReadonlyMap<string, string>;
}

/** Most steps of a sentence. Bounds its memory, and the steps of a match per word of a message. */
const MAX_NODES = 2000;
/** Most forms of parts that touch: `light[s]` has two, and adjacent brackets multiply them. */
const MAX_GLUED_FORMS = 64;

/**
 * Compiles a template. `slotOf` returns the matcher of a slot, or null for an unknown one. Throws
 * {@link SentenceError}.
 */
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
  if (mayBeEmpty(parts)) throw new SentenceError("every word is optional, so an empty message would match", 0);
  const [shortest, longest] = [lengthOf(parts, false), lengthOf(parts, true)];
  return { template, language, folding, start, nodeCount, shortest, longest, anchors: anchorsOf(parts), slotNames };

  /** Returns the fewest or the most words that these parts match. */
  function lengthOf(found: readonly WholePart[], isLongest: boolean): number {
    let length = 0;
    for (const part of found) length += isLongest ? longestOf(part) : shortestOf(part);
    return length;
  }

  function shortestOf(part: WholePart): number {
    if (part.kind === "words") return part.words.length;
    // A free text may have no words, for example an emoji.
    if (part.kind === "slot") return slotOf(part.slot, folding)?.kind === "text" ? 0 : 1;
    let length = part.optional ? 0 : Number.POSITIVE_INFINITY;
    for (const option of part.options) length = Math.min(length, lengthOf(option, false));
    return length;
  }

  function longestOf(part: WholePart): number {
    if (part.kind === "words") return part.words.length;
    if (part.kind === "slot") {
      const slot = slotOf(part.slot, folding);
      // A number may have a separate word for its sign.
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
        // An optional part is matched where possible.
        return { kind: "branch", id, options: part.optional ? [...options, next] : options };
      }
      case "slot": {
        const slot = slotOf(part.slot, folding);
        if (slot === null) throw new SentenceError(`there is no slot named "${part.slot}"`, part.at);
        if (slot.kind === "text" && leadsToText(next)) {
          throw new SentenceError("two free texts in a row: put a word between them", part.at);
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

/** Returns the names of the slots. A slot has one value, so it may occur only once on each path. */
function namesOf(parts: readonly WholePart[]): ReadonlyMap<string, string> {
  let seen: Map<string, string> | null = null;
  const see = (name: string, slot: string, at: number) => {
    seen ??= new Map();
    if (seen.has(name)) {
      throw new SentenceError(`{${name}} occurs twice: rename one of them, as in {slot:name}`, at);
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

/** Returns the slot names of all alternatives together. */
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

/** For each part that is always present, returns the words of which a message must contain one. */
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
 * Splits a sentence into parts of whole words. Parts that touch without a space, such as `light[s]`, become a choice of
 * all their forms.
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

  /**
   * A part between its neighbors. A character next to a number can be a word, such as the colon of `{hour}:{minute}`.
   */
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

/** Whether two parts follow one another without white space. */
function touches(part: SentencePart, next: SentencePart | undefined): boolean {
  if (next === undefined) return false;
  if (part.kind === "text") return !/\s$/u.test(part.text.slice(-1));
  return next.kind !== "text" || !/^\s/u.test(next.text);
}

/** Splits texts at white space and groups the parts in between. */
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

/** Returns every path through a run, with adjacent texts joined. */
function formsOf(run: readonly SentencePart[], at: number): PlainPart[][] {
  let forms: PlainPart[][] = [[]];
  for (const part of run) {
    const endings =
      part.kind !== "choice"
        ? [[part]]
        : [...part.options.flatMap((option) => formsOf(option, at)), ...(part.optional ? [[]] : [])];
    if (forms.length * endings.length > MAX_GLUED_FORMS) {
      throw new SentenceError(`a word has more than ${MAX_GLUED_FORMS} forms: use spaces`, at);
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

/** Rejects letters that touch a slot: `{zone}s` could never match. Digits next to letters are separate words. */
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
