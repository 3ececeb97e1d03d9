import { type Folding, foldingOf } from "../../../src/fold-case.js";
import { parseSentence, SentenceError, type SentencePart } from "../../../src/intents/parse-sentence.js";
import type { SlotMatcher } from "../../../src/intents/slot-values.js";
import { runTogether, splitWords } from "../../../src/split-words.js";

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
  return { template, language, folding, start, nodeCount, anchors: anchorsOf(parts), slotNames };

  function sequence(found: readonly WholePart[], after: SentenceNode): SentenceNode {
    let next = after;
    for (const part of found.toReversed()) next = node(part, next);
    return next;
  }

  function node(part: WholePart, next: SentenceNode): SentenceNode {
    switch (part.kind) {
      case "words": {
        let first = next;
        for (const word of part.words.toReversed()) first = { kind: "word", id: count(part.at), word, next: first };
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

/** Returns the names of the slots. A slot has one value, so it may occur only once on each path. */
function namesOf(parts: readonly WholePart[]): Map<string, string> {
  const seen = new Map<string, string>();
  for (const part of parts) {
    if (part.kind === "words") continue;
    const names =
      part.kind === "slot"
        ? new Map([[part.name, part.slot]])
        : new Map(part.options.flatMap((option) => [...namesOf(option)]));
    for (const [name, slot] of names) {
      if (seen.has(name)) {
        throw new SentenceError(`{${name}} occurs twice: rename one of them, as in {slot:name}`, part.at);
      }
      seen.set(name, slot);
    }
  }
  return seen;
}

function mayBeEmpty(parts: readonly WholePart[]): boolean {
  return parts.every((part) => {
    if (part.kind === "words") return part.words.length === 0;
    return part.kind === "choice" && (part.optional || part.options.some(mayBeEmpty));
  });
}

/** For each part that is always present, returns the words of which a message must contain one. */
function anchorsOf(parts: readonly WholePart[]): string[][] {
  return parts.flatMap((part) => {
    if (part.kind === "words") return part.words.map((word) => [word]);
    if (part.kind === "slot" || part.optional) return [];
    const options = part.options.map((option) => anchorsOf(option)[0]);
    return options.some((option) => option === undefined) ? [] : [options.flatMap((option) => option ?? [])];
  });
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
    if (!parts.some((part, index) => touches(part, parts[index + 1]))) return parts.map((part) => this.#alone(part));
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

  #alone(part: SentencePart): WholePart {
    if (part.kind === "choice") return { ...part, options: part.options.map((option) => this.of(option)) };
    return this.#beside(undefined, part, undefined);
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
    const words = splitWords(`${first}${part.text}${last}`, this.#folding);
    const own = words.slice(first === "" ? 0 : 1, last === "" || words.length < 2 ? words.length : -1);
    return { kind: "words", words: own.map(({ text }) => text), at: part.at };
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
