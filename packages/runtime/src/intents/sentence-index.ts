import type { Word } from "../split-words.js";
import type { SentenceFacts } from "./sentence-facts.js";

/** Length limit of a sentence without a limit. */
const NO_LIMIT = 2 ** 31 - 1;

/**
 * Index of the sentences of one folding by a word that a matching message must contain. All facts are stored in one
 * array of numbers, a few bytes per word.
 */
export class SentenceIndex<Sentence> {
  readonly #sentences: Sentence[] = [];
  /** Start of each sentence's facts. */
  readonly #begins: number[] = [];
  /**
   * For each sentence: its shortest and longest length, the number of word sets, and for each set its size and words.
   */
  #facts = new Int32Array(256);
  #end = 0;
  readonly #numbers = new Map<string, number>();
  /** Number of sets that contain each word. */
  readonly #uses: number[] = [];
  /**
   * Sentences by the number of a word. Sentences without a certain word are under -1 and are tried for every message.
   */
  readonly #byWord = new Map<number, number[]>();

  add(entry: Sentence, { shortest, longest, anchors }: SentenceFacts): void {
    this.#sentences.push(entry);
    this.#begins.push(this.#end);
    this.#write(shortest);
    this.#write(Math.min(longest, NO_LIMIT));
    this.#write(anchors.length);
    for (const anchor of anchors) {
      this.#write(anchor.length);
      for (const word of anchor) this.#write(this.#use(word));
    }
  }

  /** Completes the index after the last sentence. */
  seal(): void {
    this.#facts = this.#facts.slice(0, this.#end);
    for (let sentence = 0; sentence < this.#begins.length; sentence++) {
      const set = this.#rarestSet(sentence);
      if (set < 0) this.#put(-1, sentence);
      const end = set < 0 ? 0 : set + 1 + (this.#facts[set] as number);
      for (let word = set + 1; word < end; word++) this.#put(this.#facts[word] as number, sentence);
    }
    this.#uses.length = 0;
  }

  #put(word: number, sentence: number): void {
    const others = this.#byWord.get(word);
    if (others === undefined) this.#byWord.set(word, [sentence]);
    // A word may occur twice in a set.
    else if (others.at(-1) !== sentence) others.push(sentence);
  }

  /** Yields the sentences that may match a message with these words, by length and required words. */
  *candidates(words: readonly Word[]): Iterable<Sentence> {
    const said = new Set<number>();
    for (const { text } of words) {
      const number = this.#numbers.get(text);
      if (number !== undefined) said.add(number);
    }
    const found = new Set(this.#byWord.get(-1));
    for (const word of said) for (const sentence of this.#byWord.get(word) ?? []) found.add(sentence);
    for (const sentence of found) {
      if (this.#mayMatch(sentence, words.length, said)) yield this.#sentences[sentence] as Sentence;
    }
  }

  #mayMatch(sentence: number, length: number, said: ReadonlySet<number>): boolean {
    const facts = this.#facts;
    let at = this.#begins[sentence] as number;
    if (length < (facts[at] as number) || length > (facts[at + 1] as number)) return false;
    let sets = facts[at + 2] as number;
    for (at += 3; sets > 0; sets--) {
      const end = at + 1 + (facts[at] as number);
      let word = at + 1;
      while (word < end && !said.has(facts[word] as number)) word += 1;
      if (word === end) return false;
      at = end;
    }
    return true;
  }

  /** Returns the position of the required word set that the fewest sentences share, or -1. */
  #rarestSet(sentence: number): number {
    const facts = this.#facts;
    const begin = this.#begins[sentence] as number;
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    let at = begin + 3;
    for (let sets = facts[begin + 2] as number; sets > 0; sets--) {
      const end = at + 1 + (facts[at] as number);
      let cost = 0;
      for (let word = at + 1; word < end; word++) cost += this.#uses[facts[word] as number] ?? 0;
      if (cost < least) {
        best = at;
        least = cost;
      }
      at = end;
    }
    return best;
  }

  #use(word: string): number {
    const known = this.#numbers.get(word);
    if (known !== undefined) {
      this.#uses[known] = (this.#uses[known] ?? 0) + 1;
      return known;
    }
    this.#numbers.set(word, this.#uses.length);
    return this.#uses.push(1) - 1;
  }

  #write(number: number): void {
    if (this.#end === this.#facts.length) {
      const more = new Int32Array(2 * this.#end);
      more.set(this.#facts);
      this.#facts = more;
    }
    this.#facts[this.#end++] = number;
  }
}
