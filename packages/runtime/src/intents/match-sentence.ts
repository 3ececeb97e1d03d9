import type { SlotValue } from "@nanoagent/models";
import type { CompiledSentence, SentenceNode } from "./compile-sentence.js";
import { isInRange } from "./slot-values.js";
import { numberOf, splitWords, type Word } from "./split-words.js";

/** How a sentence matched: what its slots hold, and how many words were its own or free text. */
export interface SentenceMatch {
  slots: Map<string, SlotValue>;
  literalWords: number;
  freeWords: number;
}

/** A message and its words, split once for all sentences. */
export class MessageWords {
  readonly words: readonly Word[];
  readonly #message: string;
  readonly #keys: string[][] = [];

  constructor(message: string) {
    this.#message = message;
    this.words = splitWords(message);
  }

  /** `length` words from `at` on, in the form that a list knows them by. */
  key(at: number, length: number): string {
    const keys = this.#keys[at] ?? [this.words[at]?.text ?? ""];
    this.#keys[at] = keys;
    for (let known = keys.length; known < length; known++) {
      keys.push(`${keys[known - 1]} ${this.words[at + known]?.text}`);
    }
    return keys[length - 1] as string;
  }

  /** The message as it was written, from one word to the one before another. */
  textBetween(start: number, end: number): string {
    return this.#message.slice(this.words[start]?.start, this.words[end - 1]?.end);
  }
}

/**
 * Does the whole message match? The first way through is taken: the earlier alternative, the optional part, the longer
 * value, the longer text. At most one visit for each step of the sentence at each word, and as many looks at a list as
 * its longest value has words. Returns null for no match. `work` counts the steps.
 */
export function matchSentence(
  sentence: CompiledSentence,
  message: MessageWords,
  work: { steps: number },
): SentenceMatch | null {
  const { words } = message;
  const width = words.length + 1;
  // What was tried without success from one place fails again: each is tried once.
  const tried = new Uint8Array(sentence.nodeCount * width);
  /** By the step of a free text: the first word that one was tried from. From there on, every end has been tried. */
  const triedFrom = new Map<number, number>();
  const match: SentenceMatch = { slots: new Map(), literalWords: 0, freeWords: 0 };
  return from(sentence.start, 0) ? match : null;

  function from(node: SentenceNode, at: number): boolean {
    const place = node.id * width + at;
    if (tried[place] === 1) return false;
    tried[place] = 1;
    work.steps += 1;
    switch (node.kind) {
      case "end":
        return at === words.length;
      case "branch":
        return node.options.some((option) => from(option, at));
      case "word":
        if (words[at]?.text !== node.word || !from(node.next, at + 1)) return false;
        match.literalWords += 1;
        return true;
      case "slot":
        return fill(node, at);
    }
  }

  function fill(node: SentenceNode & { kind: "slot" }, at: number): boolean {
    const { slot, name, next } = node;
    if (at >= words.length) return false;
    if (slot.kind === "number") {
      const value = numberOf(words[at]?.text ?? "");
      if (value === null || !isInRange(value, slot) || !from(next, at + 1)) return false;
      match.slots.set(name, value);
      return true;
    }
    if (slot.kind === "list") {
      for (let length = Math.min(slot.longest, words.length - at); length > 0; length--) {
        work.steps += 1;
        const value = slot.values.get(message.key(at, length));
        if (value === undefined || !from(next, at + length)) continue;
        match.slots.set(name, value);
        return true;
      }
      return false;
    }
    const last = triedFrom.get(node.id) ?? words.length;
    triedFrom.set(node.id, Math.min(last, at));
    for (let end = last; end > at; end--) {
      work.steps += 1;
      if (!from(next, end)) continue;
      match.slots.set(name, message.textBetween(at, end));
      match.freeWords += end - at;
      return true;
    }
    return false;
  }
}
