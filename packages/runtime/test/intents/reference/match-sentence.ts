import type { SlotValue } from "@nanoagent/models";
import type { Folding } from "../../../src/fold-case.js";
import { freeText } from "../../../src/intents/free-text.js";
import { isInRange } from "../../../src/intents/slot-values.js";
import { readNumber } from "../../../src/read-number.js";
import { splitWords, type Word } from "../../../src/split-words.js";
import type { CompiledSentence, SentenceNode } from "./compile-sentence.js";

/** A match of a sentence: the slot values, and the numbers of literal words and of words of free text. */
export interface SentenceMatch {
  slots: Map<string, SlotValue>;
  literalWords: number;
  freeWords: number;
}

/** Score where a step cannot be taken. */
const FAILED = -(2 ** 30);
const UNKNOWN = -(2 ** 31);
/** Score of a literal word, which outweighs all free text that a message can contain. */
const LITERAL = 2 ** 16;

/** Words that make the following number negative. */
const minusWords = new Set(
  "minus negative negativ négatif moins menos negativo meno eksi negatief miinus mínus минус мінус 负 負 سالب ناقص منفی ऋण".split(
    " ",
  ),
);

/** A message split into words, once for all sentences of a folding. */
export class MessageWords {
  readonly words: readonly Word[];
  readonly #message: string;
  readonly #keys: string[][] = [];
  #scores = new Int32Array(0);

  constructor(message: string, folding: Folding) {
    this.#message = message;
    this.words = splitWords(message, folding);
  }

  /** Returns `length` words from `at` on, in the form of a list's keys. */
  key(at: number, length: number): string {
    const keys = this.#keys[at] ?? [this.words[at]?.text ?? ""];
    this.#keys[at] = keys;
    for (let known = keys.length; known < length; known++) {
      keys.push(`${keys[known - 1]} ${this.words[at + known]?.text}`);
    }
    return keys[length - 1] as string;
  }

  /** Buffer for the scores of one sentence, without any known score. */
  scores(count: number): Int32Array {
    if (this.#scores.length < count) this.#scores = new Int32Array(2 * count);
    return this.#scores.fill(UNKNOWN, 0, count);
  }

  /** Returns the message as written between two words, or an empty string. */
  textBetween(start: number, end: number): string {
    return freeText(this.#message, this.words[start - 1]?.end ?? 0, this.words[end]?.start ?? this.#message.length);
  }

  /** Returns the number at a position and its length in words, or null where there is no unambiguous number. */
  numberAt(at: number, language: string | null, followsHyphen: boolean): { value: number; length: number } | null {
    const word = this.words[at];
    if (word?.kind === "word" && minusWords.has(word.text)) {
      const positive = this.words[at + 1]?.text.startsWith("-") ? null : this.numberAt(at + 1, language, false);
      return positive?.length === 1 ? { value: -positive.value || 0, length: 2 } : null;
    }
    if (word?.kind !== "number" && !(followsHyphen && word?.kind === "hyphenated")) return null;
    if (this.#isThousands(at) || this.#isThousands(at + 1)) return null;
    const value = readNumber(word.text, language);
    return value === null ? null : { value, length: 1 };
  }

  /** Whether these three digits are certainly the thousands of a number written with a space, as in `1 000`. */
  #isThousands(at: number): boolean {
    return this.words[at]?.kind === "number" && this.#mayBeThousands(at) && this.words[at]?.text[0] === "0";
  }

  #mayBeThousands(at: number): boolean {
    return (
      /^\d{3}(?:[.,٫]\d+)?$/u.test(this.words[at]?.text ?? "") && /^-?\d{1,3}$/u.test(this.words[at - 1]?.text ?? "")
    );
  }

  /** Whether a free text that begins here (or ends here, with `ends`) would split a number. */
  cutsNumber(at: number, ends: boolean): boolean {
    const [before, after] = [this.words[at - 1], this.words[at]];
    if (before === undefined || after === undefined) return false;
    if (ends && before.kind === "word" && minusWords.has(before.text) && after.kind === "number") return true;
    const isNumeric = ({ kind }: Word) => kind !== "word";
    if (isNumeric(before) && isNumeric(after) && (before.kind === "mark" || after.kind === "mark")) return true;
    if (before.end === after.start && (before.kind === "number" || after.kind === "number")) return true;
    const isFraction = /^\p{No}$/u.test(after.text) || /^[/⁄]$/u.test(this.words[at + 1]?.text ?? "");
    return before.kind === "number" && (this.#mayBeThousands(at) || isFraction);
  }
}

/**
 * Matches a sentence against the whole message, or returns null. Of several paths, the one with the most literal words
 * wins, then the one with the fewest words of free text, then the first: the earlier alternative, the optional part,
 * the longer value, the longer text.
 *
 * Visits each step of the sentence once per word of the message, and a list once per word of its longest value. `work`
 * counts the visits.
 */
export function matchSentence(
  sentence: CompiledSentence,
  message: MessageWords,
  work: { steps: number },
): SentenceMatch | null {
  const { words } = message;
  const { language } = sentence;
  const width = words.length + 1;
  // Two scores per step: a free text scores differently at its beginning.
  const known = message.scores(2 * sentence.nodeCount * width);
  return score(sentence.start, 0) <= FAILED ? null : follow();

  /** Returns the score of the rest of the message from here. */
  function score(node: SentenceNode, at: number): number {
    const place = node.id * width + at;
    const before = known[place] as number;
    if (before !== UNKNOWN) return before;
    work.steps += 1;
    const result = node.kind === "slot" && node.slot.kind === "text" ? scoreText(node, at) : scoreStep(node, at);
    known[place] = result;
    return result;
  }

  function scoreStep(node: SentenceNode, at: number): number {
    switch (node.kind) {
      case "end":
        return at === words.length ? 0 : FAILED;
      case "branch": {
        let best = FAILED;
        for (const option of node.options) best = Math.max(best, score(option, at));
        return best;
      }
      case "word":
        return words[at]?.text === node.word ? plus(score(node.next, at + 1), LITERAL) : FAILED;
      case "slot": {
        let best = FAILED;
        for (const length of lengths(node, at)) best = Math.max(best, score(node.next, at + length));
        return best;
      }
    }
  }

  /** Goes backward from the last word, so that no position is visited twice. */
  function scoreText({ id, next }: SentenceNode & { kind: "slot" }, at: number): number {
    if (message.cutsNumber(at, false)) return FAILED;
    let longer = FAILED;
    for (let start = words.length - 1; start >= at; start--) {
      const place = (sentence.nodeCount + id) * width + start;
      if (known[place] === UNKNOWN) {
        work.steps += 1;
        known[place] = plus(Math.max(longer, scoreAfterText(next, start + 1)), -1);
      }
      longer = known[place] as number;
    }
    // A text can have no words: an emoji, a path of dots.
    return Math.max(longer, message.textBetween(at, at) === "" ? FAILED : score(next, at));
  }

  function scoreAfterText(next: SentenceNode, end: number): number {
    return message.cutsNumber(end, true) ? FAILED : score(next, end);
  }

  /** Returns the possible lengths in words of a list or number value at this position, longest first. */
  function lengths({ slot, followsHyphen }: SentenceNode & { kind: "slot" }, at: number): number[] {
    if (slot.kind === "number") {
      const found = message.numberAt(at, language, followsHyphen);
      return found !== null && isInRange(found.value, slot) ? [found.length] : [];
    }
    const found: number[] = [];
    if (slot.kind === "text") return found;
    for (let length = Math.min(slot.longest, words.length - at); length > 0; length--) {
      work.steps += 1;
      if (slot.values.has(message.key(at, length))) found.push(length);
    }
    return found;
  }

  /** Follows the best path again and collects the slot values. */
  function follow(): SentenceMatch {
    const match: SentenceMatch = { slots: new Map(), literalWords: 0, freeWords: 0 };
    let node = sentence.start;
    let at = 0;
    while (node.kind !== "end") {
      const best = score(node, at);
      if (node.kind === "branch") {
        node = node.options.find((option) => score(option, at) === best) as SentenceNode;
        continue;
      }
      let end = at + 1;
      if (node.kind === "word") match.literalWords += 1;
      else end = fill(node, at, best, match);
      node = node.next;
      at = end;
    }
    return match;
  }

  function fill(node: SentenceNode & { kind: "slot" }, at: number, best: number, match: SentenceMatch): number {
    const { slot, name, next, followsHyphen } = node;
    if (slot.kind === "text") {
      let end = words.length;
      while (end > at && plus(scoreAfterText(next, end), at - end) !== best) end -= 1;
      match.slots.set(name, message.textBetween(at, end));
      match.freeWords += end - at;
      return end;
    }
    const length = lengths(node, at).find((found) => score(next, at + found) === best) as number;
    const text = message.key(at, length);
    const value = slot.kind === "list" ? slot.values.get(text) : message.numberAt(at, language, followsHyphen)?.value;
    match.slots.set(name, value as SlotValue);
    return at + length;
  }
}

function plus(score: number, more: number): number {
  return score <= FAILED ? FAILED : score + more;
}
