import { type Folding, foldingOf } from "../fold-case.js";
import { splitWords } from "../split-words.js";
import { type CompiledSentence, compileSentence } from "./compile-sentence.js";
import { SentenceError } from "./parse-sentence.js";
import type { SlotMatcher } from "./slot-values.js";

/** Facts about a sentence that are known without compiling it. */
export type SentenceFacts = Pick<CompiledSentence, "folding" | "shortest" | "longest" | "anchors" | "slotNames">;

type SlotOf = (slot: string, language: string | null, folding: Folding) => SlotMatcher | null;

/** The part of the facts that one piece of a sentence contributes. */
type PieceFacts = Omit<SentenceFacts, "folding"> & { readonly nodeCount: number; readonly texts: number };

/** Most pieces that are cached: `(turn|switch)`, `[please]` and the like occur in thousands of sentences. */
const MAX_REMEMBERED_PIECES = 10_000;
/** Most steps of all pieces together for which no sentence can exceed the limit. */
const MAX_SAFE_NODES = 1000;
/** Longest template that is read piece by piece, in characters. Below the limit of {@link compileSentence}. */
const MAX_SAFE_CHARACTERS = 900;
/** Characters whose neighbors matter across white space: digits and units. */
const besideNumbers = /[\p{N}℃℉‰‱㎀-㏟]/u;
/** ASCII without digits, as in nearly all templates. Looking for digits of all scripts takes milliseconds. */
const withoutDigits = /^[ -/:-~]*$/;
const marks = /[[\](){}|]/;
/** A word before a piece, so that the piece need not be a complete sentence. */
const LEAD = "a ";

/**
 * Reads the facts of sentences. Gives the same result as {@link compileSentence}, many times faster where sentences
 * share pieces between spaces.
 */
export class SentenceFactsReader {
  readonly #slotOf: SlotOf;
  readonly #pieces = new Map<string, PieceFacts | null>();

  constructor(slotOf: SlotOf) {
    this.#slotOf = slotOf;
  }

  #compile(template: string, language: string | null): CompiledSentence {
    return compileSentence(template, language, (slot, folding) => this.#slotOf(slot, language, folding));
  }

  /** Returns the facts of a sentence, or null where it must be compiled to get them or its errors. */
  read(template: string, language: string | null): SentenceFacts | null {
    if (template.length > MAX_SAFE_CHARACTERS) return null;
    if (!withoutDigits.test(template) && besideNumbers.test(template)) return null;
    // The letters of one piece determine how all others are compared.
    if (language === null && foldingOf(null, [template]) !== "plain") return null;
    const pieces = piecesOf(template);
    if (pieces === null) return null;
    const folding = foldingOf(language);
    let shortest = 0;
    let longest = 0;
    let nodeCount = 0;
    let texts = 0;
    let slotNames: Map<string, string> | null = null;
    const found: PieceFacts["anchors"][] = [];
    for (const text of pieces) {
      const piece = this.#piece(text, language, folding);
      if (piece === null) return null;
      shortest += piece.shortest;
      longest += piece.longest;
      nodeCount += piece.nodeCount;
      texts += piece.texts;
      found.push(piece.anchors);
      if (piece.slotNames.size === 0) continue;
      slotNames ??= new Map();
      for (const [name, slot] of piece.slotNames) {
        if (slotNames.has(name)) return null;
        slotNames.set(name, slot);
      }
    }
    if (shortest === 0 || texts > 1 || nodeCount > MAX_SAFE_NODES) return null;
    return { folding, shortest, longest, anchors: found.flat(), slotNames: slotNames ?? noNames };
  }

  #piece(piece: string, language: string | null, folding: Folding): PieceFacts | null {
    if (!marks.test(piece)) return plainFacts(splitWords(piece, folding).map(({ text }) => text));
    const key = `${language}\n${piece}`;
    const known = this.#pieces.get(key);
    if (known !== undefined) return known;
    const facts = this.#factsOf(piece, language, folding);
    if (this.#pieces.size < MAX_REMEMBERED_PIECES) this.#pieces.set(key, facts);
    return facts;
  }

  #factsOf(piece: string, language: string | null, folding: Folding): PieceFacts | null {
    try {
      const { shortest, longest, anchors, nodeCount, slotNames } = this.#compile(`${LEAD}${piece}`, language);
      const texts = [...slotNames.values()].filter((slot) => this.#slotOf(slot, language, folding)?.kind === "text");
      const rest = { shortest: shortest - 1, longest: longest - 1, anchors: anchors.slice(1) };
      return { ...rest, nodeCount, slotNames, texts: texts.length };
    } catch (error) {
      // Compiling the whole sentence reports the error and its position.
      if (error instanceof SentenceError) return null;
      throw error;
    }
  }
}

const noNames: ReadonlyMap<string, string> = new Map();

function plainFacts(words: readonly string[]): PieceFacts {
  const { length } = words;
  const anchors = words.map((word) => [word]);
  return { shortest: length, longest: length, nodeCount: length, texts: 0, anchors, slotNames: noNames };
}

/** Splits a template at white space outside of brackets. Returns null for unbalanced brackets. */
function piecesOf(template: string): string[] | null {
  const pieces: string[] = [];
  let depth = 0;
  let piece = "";
  for (const word of template.split(/\s/u)) {
    piece = depth === 0 ? word : `${piece} ${word}`;
    if (marks.test(word)) {
      for (let at = 0; at < word.length; at++) {
        const mark = word[at] as string;
        if ("[({".includes(mark)) depth += 1;
        else if ("])}".includes(mark)) depth -= 1;
        if (depth < 0) return null;
      }
    }
    if (depth === 0 && piece !== "") pieces.push(piece);
  }
  return depth === 0 ? pieces : null;
}
