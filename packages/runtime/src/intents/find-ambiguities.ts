import { readNumber } from "../read-number.js";
import type { CompiledSentence, SentenceNode } from "./compile-sentence.js";
import type { IntentMatcher, IntentSentence } from "./intent-matcher.js";
import { isInRange, type SlotMatcher } from "./slot-values.js";

/** Two intents that match the same message equally well. The first one is used. */
export interface IntentAmbiguity {
  readonly intents: readonly [string, string];
  readonly sentences: readonly [string, string];
  /** A message that both match. */
  readonly example: string;
}

/** Most steps per pair of sentences. Ordinary pairs need a few hundred. */
const MAX_PAIR_STEPS = 20_000;
/** Most steps in all: some seconds on a small computer. */
const MAX_STEPS = 3_000_000;
const MAX_FOUND = 50;
/** Most words of an example. Longer ones would not help. */
const MAX_EXAMPLE_WORDS = 40;

/**
 * Finds pairs of intents that match the same message equally well, with one example for each pair. Searches the
 * messages that two sentences have in common, word by word, up to a limit of steps; `complete` is false if the limit
 * was reached. Every example is verified with the matcher.
 */
export function findAmbiguities(matcher: IntentMatcher): { found: IntentAmbiguity[]; complete: boolean } {
  const found = new Map<string, IntentAmbiguity>();
  const sentences = matcher.sentences.map(({ intent, language, sentence, index }) => ({
    intent,
    language,
    sentence,
    index,
    ...vocabularyOf(sentence),
  }));
  let steps = 0;
  let complete = true;
  for (const one of sentences) {
    for (const other of sentences) {
      if (other.index <= one.index || one.intent === other.intent) continue;
      if (one.sentence.folding !== other.sentence.folding) continue;
      steps += 1;
      const pair = [one.intent.definition.name, other.intent.definition.name] as const;
      const key = JSON.stringify(pair);
      if (found.has(key) || !mayMeet(one, other) || !mayMeet(other, one)) continue;
      if (steps > MAX_STEPS || found.size >= MAX_FOUND) return { found: [...found.values()], complete: false };
      const search = new PairSearch(one.sentence, other.sentence);
      const example = search.run();
      steps += search.steps;
      complete &&= search.complete;
      if (example === null || !isTie(matcher, example, pair)) continue;
      found.set(key, { intents: pair, sentences: [one.sentence.template, other.sentence.template], example });
    }
  }
  return { found: [...found.values()], complete };
}

function isTie(matcher: IntentMatcher, example: string, pair: readonly [string, string]): boolean {
  const names = matcher.matchAll(example).map(({ intent }) => intent);
  return pair.every((name) => names.includes(name));
}

interface Vocabulary {
  words: ReadonlySet<string>;
  lists: ReadonlySet<SlotMatcher & { kind: "list" }>;
  numbers: boolean;
  texts: boolean;
}

/** Collects the words and slots of a sentence. */
function vocabularyOf({ start }: CompiledSentence): Vocabulary {
  const words = new Set<string>();
  const lists = new Set<SlotMatcher & { kind: "list" }>();
  const vocabulary = { words, lists, numbers: false, texts: false };
  const open = [start];
  const seen = new Set<number>();
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (seen.has(node.id)) continue;
    seen.add(node.id);
    if (node.kind === "branch") open.push(...node.options);
    else if (node.kind !== "end") open.push(node.next);
    if (node.kind === "word") words.add(node.word);
    if (node.kind !== "slot") continue;
    if (node.slot.kind === "list") lists.add(node.slot);
    vocabulary.numbers ||= node.slot.kind === "number";
    vocabulary.texts ||= node.slot.kind === "text";
  }
  return vocabulary;
}

const listWords = new WeakMap<SlotMatcher, ReadonlySet<string>>();

function wordsOf(list: SlotMatcher & { kind: "list" }): ReadonlySet<string> {
  const known = listWords.get(list) ?? new Set([...list.values.keys()].flatMap((value) => value.split(" ")));
  listWords.set(list, known);
  return known;
}

/** Whether `other` can contain a word of each set that `one` requires. */
function mayMeet(one: IntentSentence, other: Vocabulary): boolean {
  if (other.texts) return true;
  return one.sentence.anchors.every((anchor) =>
    anchor.some(
      (word) =>
        other.words.has(word) ||
        (other.numbers && readNumber(word) !== null) ||
        [...other.lists].some((list) => wordsOf(list).has(word)),
    ),
  );
}

/** A position in a sentence: before a step, or within a value of several words. */
interface Place {
  node: SentenceNode;
  /** The rest of a list's value. */
  rest: string;
  /** Whether a free text has begun. */
  within: boolean;
}

/**
 * The next word that a sentence accepts (a certain word, a number of a range, or any word) and the position after it.
 */
interface Take {
  word: string | null;
  range: (SlotMatcher & { kind: "number" }) | null;
  literal: number;
  free: number;
  after: Place;
}

interface Pair {
  one: Place;
  other: Place;
  /** Lead of the first sentence in literal words and in words of free text. */
  literal: number;
  free: number;
  word: string;
  from: Pair | null;
  length: number;
}

class PairSearch {
  steps = 0;
  complete = true;
  readonly #start: Pair;
  readonly #seen = new Set<string>();

  constructor(one: CompiledSentence, other: CompiledSentence) {
    const place = (node: SentenceNode): Place => ({ node, rest: "", within: false });
    this.#start = {
      one: place(one.start),
      other: place(other.start),
      literal: 0,
      free: 0,
      word: "",
      from: null,
      length: 0,
    };
  }

  /** Returns the shortest message that both accept with the same number of literal words and free words, or null. */
  run(): string | null {
    const open: Pair[] = [this.#start];
    for (const pair of open) {
      if (pair.literal === 0 && pair.free === 0 && pair.from !== null && mayEnd(pair.one) && mayEnd(pair.other)) {
        return spell(pair);
      }
      if (pair.length >= MAX_EXAMPLE_WORDS) {
        this.complete = false;
        continue;
      }
      const others = takesAt(pair.other);
      for (const one of takesAt(pair.one)) {
        for (const other of candidates(one, others)) {
          if (++this.steps > MAX_PAIR_STEPS) {
            this.complete = false;
            return null;
          }
          this.#follow(pair, one, other, open);
        }
      }
    }
    return null;
  }

  #follow(pair: Pair, one: Take, other: Take, open: Pair[]): void {
    const word = commonWord(one, other);
    if (word === null) return;
    const literal = pair.literal + one.literal - other.literal;
    const free = pair.free + one.free - other.free;
    const key = [...placeKey(one.after), ...placeKey(other.after), literal, free].join("\n");
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    open.push({ one: one.after, other: other.after, literal, free, word, from: pair, length: pair.length + 1 });
  }
}

function placeKey({ node, rest, within }: Place): unknown[] {
  return [node.id, rest, within];
}

function spell(pair: Pair): string {
  const words: string[] = [];
  for (let at: Pair | null = pair; at?.from; at = at.from) words.push(at.word);
  return words.reverse().join(" ");
}

/** Returns the continuations of the other sentence that may be the same word. */
function candidates(one: Take, others: readonly Take[]): readonly Take[] {
  if (one.word === null) return others;
  return others.filter((other) => other.word === null || other.word === one.word);
}

function commonWord(one: Take, other: Take): string | null {
  if (one.word !== null) return fits(one.word, other) ? one.word : null;
  if (other.word !== null) return fits(other.word, one) ? other.word : null;
  if (one.range === null || other.range === null) {
    const range = one.range ?? other.range;
    return range === null ? "something" : String(range.from);
  }
  return commonNumber(one.range, other.range);
}

function fits(word: string, { word: wanted, range }: Take): boolean {
  if (wanted !== null) return wanted === word;
  const number = readNumber(word);
  return range === null || (number !== null && isInRange(number, range));
}

/** Most numbers that are tried. Ranges that share a number usually meet within a few hundred tries. */
const MAX_NUMBERS_TRIED = 1000;

function commonNumber(one: Take["range"] & object, other: Take["range"] & object): string | null {
  const [fine, coarse] = one.step <= other.step ? [one, other] : [other, one];
  const begin = Math.max(coarse.from, coarse.from + Math.ceil((fine.from - coarse.from) / coarse.step) * coarse.step);
  for (let tries = 0; tries < MAX_NUMBERS_TRIED; tries++) {
    const value = Number((begin + tries * coarse.step).toFixed(9));
    if (value > Math.min(fine.to, coarse.to)) return null;
    if (isInRange(value, fine) && isInRange(value, coarse) && readNumber(String(value)) === value) return String(value);
  }
  return null;
}

function mayEnd({ node, rest, within }: Place): boolean {
  const next = within && node.kind === "slot" ? node.next : node;
  return rest === "" && openNodes(next).some(({ kind }) => kind === "end");
}

/** Returns the steps that can come next, after branches. */
function openNodes(node: SentenceNode): SentenceNode[] {
  const open = [node];
  const seen = new Set<number>();
  const found: SentenceNode[] = [];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next.id)) continue;
    seen.add(next.id);
    if (next.kind === "branch") open.push(...next.options);
    else found.push(next);
  }
  return found;
}

const nothing = { word: null, range: null, literal: 0, free: 0 };

function takesAt({ node, rest, within }: Place): Take[] {
  if (rest !== "") return [takeWord(rest, node, 0)];
  if (within && node.kind === "slot") {
    // Either the free text continues or the next step begins.
    return [
      { ...nothing, free: 1, after: { node, rest: "", within } },
      ...takesAt({ node: node.next, rest: "", within: false }),
    ];
  }
  return openNodes(node).flatMap((next): Take[] => {
    if (next.kind === "word") return [takeWord(next.word, next.next, 1)];
    if (next.kind !== "slot") return [];
    const { slot } = next;
    if (slot.kind === "list") return [...slot.values.keys()].map((value) => takeWord(value, next.next, 0));
    if (slot.kind === "number")
      return [{ ...nothing, range: slot, after: { node: next.next, rest: "", within: false } }];
    return [{ ...nothing, free: 1, after: { node: next, rest: "", within: true } }];
  });
}

/** Takes the first of several words and leaves the rest. */
function takeWord(words: string, node: SentenceNode, literal: number): Take {
  const at = words.indexOf(" ");
  const word = at < 0 ? words : words.slice(0, at);
  return { ...nothing, word, literal, after: { node, rest: at < 0 ? "" : words.slice(at + 1), within: false } };
}
