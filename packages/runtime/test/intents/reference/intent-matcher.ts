import type { IntentDefinition, IntentSettings, SlotValue } from "@nanoagent/models";
import type { Folding } from "../../../src/fold-case.js";
import { AnswerTemplate } from "../../../src/intents/answer-template.js";
import { type IntentIssue, InvalidIntentsError } from "../../../src/intents/invalid-intents-error.js";
import { SentenceError } from "../../../src/intents/parse-sentence.js";
import { compileSlot, type SlotMatcher, spokenValue } from "../../../src/intents/slot-values.js";
import type { Word } from "../../../src/split-words.js";
import { type CompiledSentence, compileSentence } from "./compile-sentence.js";
import { MessageWords, matchSentence, type SentenceMatch } from "./match-sentence.js";

/** Longest message that is matched. Nobody writes templates for longer ones. */
const MAX_INTENT_CHARACTERS = 2000;
const MAX_SENTENCES = 100_000;

/** The intent of a message. */
export interface IntentMatch {
  readonly intent: string;
  /** Language of the sentence, or null for a sentence of every language. */
  readonly language: string | null;
  /** The matching template. */
  readonly sentence: string;
  readonly slots: Readonly<Record<string, SlotValue>>;
  /** The tool call with its arguments, or null for an intent that only answers. */
  readonly call: { readonly tool: string; readonly arguments: Readonly<Record<string, unknown>> } | null;
  /** Returns the answer for a tool result (parsed if it was JSON), or null where the result itself is the answer. */
  answer(result?: unknown): string | null;
  /** Returns the text for a failed tool, or null where the intent defines none. */
  failure(error: string): string | null;
}

/** A sentence of an intent, as used by {@link findAmbiguities} and the matcher. */
export interface IntentSentence {
  readonly intent: CompiledIntent;
  readonly language: string | null;
  readonly sentence: CompiledSentence;
  /** Index among all sentences. */
  readonly index: number;
}

interface CompiledIntent {
  readonly definition: IntentDefinition;
  readonly slots: IntentSettings["slots"];
  /** Texts by language. A text for every language has the key "". */
  readonly answers: ReadonlyMap<string, AnswerTemplate>;
  readonly failures: ReadonlyMap<string, AnswerTemplate>;
  /** Arguments as text with slots. A slot alone keeps its type. */
  readonly argumentTexts: ReadonlyMap<string, AnswerTemplate>;
}

/**
 * Reference for the runtime's matcher, which must give equal results. Compiles every sentence at once, at any cost.
 *
 * Matches messages to intents by sentence templates, without a model. Of several matching sentences, the one with the
 * most literal words wins, then the one with the fewest words of free text, then the one that is defined first.
 */
export class ReferenceMatcher {
  /** @internal */
  readonly sentences: readonly IntentSentence[];
  readonly #indices = new Map<Folding, SentenceIndex>();
  /** Number of steps of all matches so far. @internal */
  readonly work = { steps: 0 };

  private constructor(sentences: readonly IntentSentence[]) {
    this.sentences = sentences;
    for (const folding of new Set(sentences.map(({ sentence }) => sentence.folding))) {
      const those = sentences.filter(({ sentence }) => sentence.folding === folding);
      this.#indices.set(folding, new SentenceIndex(those));
    }
  }

  /** Throws {@link InvalidIntentsError} with every issue and its place. */
  static compile(settings: IntentSettings): ReferenceMatcher {
    const issues: IntentIssue[] = [];
    const sentences = new Compiler(settings, issues).compile();
    if (issues.length > 0) throw new InvalidIntentsError(issues);
    return new ReferenceMatcher(sentences);
  }

  /** Returns the match for `message`, or null where no sentence matches all of it. */
  match(message: string): IntentMatch | null {
    return this.#best(message)[0] ?? null;
  }

  /**
   * Returns all equally good matches for `message`, in the order of definition. More than one means that it is
   * ambiguous.
   */
  matchAll(message: string): IntentMatch[] {
    return this.#best(message);
  }

  #best(message: string): IntentMatch[] {
    if (message.length > MAX_INTENT_CHARACTERS) return [];
    let best: { entry: IntentSentence; match: SentenceMatch }[] = [];
    for (const [folding, index] of this.#indices) {
      const words = new MessageWords(message, folding);
      for (const entry of index.candidates(words.words)) {
        const match = matchSentence(entry.sentence, words, this.work);
        if (match === null) continue;
        const difference = best[0] === undefined ? 1 : compare(match, best[0].match);
        if (difference > 0) best = [{ entry, match }];
        else if (difference === 0) best.push({ entry, match });
      }
    }
    return best
      .sort((one, other) => one.entry.index - other.entry.index)
      .map(({ entry, match }) => describeMatch(entry, match));
  }
}

/** Index of the sentences of one folding by a word that a matching message must contain. */
class SentenceIndex {
  readonly #byAnchor = new Map<string, IntentSentence[]>();
  /** Sentences without a certain word, which are tried for every message. */
  readonly #anchorless: IntentSentence[] = [];

  constructor(sentences: readonly IntentSentence[]) {
    const uses = new Map<string, number>();
    for (const { sentence } of sentences) {
      for (const word of sentence.anchors.flat()) uses.set(word, (uses.get(word) ?? 0) + 1);
    }
    for (const entry of sentences) {
      const anchor = rarest(entry.sentence.anchors, uses);
      if (anchor === null) this.#anchorless.push(entry);
      for (const word of new Set(anchor)) {
        const others = this.#byAnchor.get(word);
        if (others === undefined) this.#byAnchor.set(word, [entry]);
        else others.push(entry);
      }
    }
  }

  /** Returns the sentences whose required words are in the message. */
  *candidates(words: readonly Word[]): Iterable<IntentSentence> {
    yield* this.#anchorless;
    const said = new Set(words.map(({ text }) => text));
    const found = new Set<IntentSentence>();
    for (const word of said) for (const entry of this.#byAnchor.get(word) ?? []) found.add(entry);
    for (const entry of found) {
      if (entry.sentence.anchors.every((anchor) => anchor.some((word) => said.has(word)))) yield entry;
    }
  }
}

/** Returns a positive number where the first match is more specific. */
function compare(one: SentenceMatch, other: SentenceMatch): number {
  return one.literalWords - other.literalWords || other.freeWords - one.freeWords;
}

/** Returns the required word set that the fewest sentences share, or null. */
function rarest(anchors: CompiledSentence["anchors"], uses: ReadonlyMap<string, number>): readonly string[] | null {
  const cost = (words: readonly string[]) => words.reduce((sum, word) => sum + (uses.get(word) ?? 0), 0);
  let best: readonly string[] | null = null;
  for (const anchor of anchors) if (best === null || cost(anchor) < cost(best)) best = anchor;
  return best;
}

function describeMatch({ intent, language, sentence }: IntentSentence, match: SentenceMatch): IntentMatch {
  const { definition, slots: settings = {}, answers, failures, argumentTexts } = intent;
  const slots = Object.freeze(Object.fromEntries([...Object.entries(definition.defaults ?? {}), ...match.slots]));
  const say = (templates: ReadonlyMap<string, AnswerTemplate>, more: Record<string, unknown>) => {
    const spoken = language ?? "";
    const key = [spoken, ""].find((known) => templates.has(known)) ?? templates.keys().next().value;
    if (key === undefined) return null;
    const words = Object.entries(slots).map(([name, value]): [string, SlotValue] => {
      const source = sentence.slotNames.get(name) ?? name;
      const slot = Object.hasOwn(settings, source) ? settings[source] : undefined;
      return [name, spokenValue(slot, value, key === "" ? language : key)];
    });
    return templates.get(key)?.render({ ...Object.fromEntries(words), ...more }) ?? null;
  };
  return Object.freeze({
    intent: definition.name,
    language,
    sentence: sentence.template,
    slots,
    call:
      definition.tool === undefined
        ? null
        : { tool: definition.tool, arguments: argumentsOf(definition, argumentTexts, slots) },
    answer: (result?: unknown) => say(answers, { result }),
    failure: (error: string) => say(failures, { error }),
  });
}

/** An argument is omitted where its slot has no value. */
function argumentsOf(
  { arguments: settings }: IntentDefinition,
  texts: ReadonlyMap<string, AnswerTemplate>,
  slots: Readonly<Record<string, SlotValue>>,
): Record<string, unknown> {
  if (settings === undefined) return { ...slots };
  const entries = Object.entries(settings).flatMap(([name, value]): [string, unknown][] => {
    const slot = slotAlone(value);
    if (slot !== null) return Object.hasOwn(slots, slot) ? [[name, slots[slot]]] : [];
    return [[name, texts.get(name)?.render(slots) ?? value]];
  });
  return Object.fromEntries(entries);
}

/** `"{zone}"` → `zone`: the argument is the value itself, not a text that contains it. */
function slotAlone(value: unknown): string | null {
  if (typeof value !== "string") return null;
  return /^\{([\p{L}\p{N}_-]+)\}$/u.exec(value)?.[1] ?? null;
}

class Compiler {
  readonly #settings: IntentSettings;
  readonly #issues: IntentIssue[];
  readonly #slots = new Map<string, SlotMatcher>();
  readonly #sentences: IntentSentence[] = [];

  constructor(settings: IntentSettings, issues: IntentIssue[]) {
    this.#settings = settings;
    this.#issues = issues;
  }

  compile(): IntentSentence[] {
    const names = new Set<string>();
    for (const [index, definition] of this.#settings.definitions.entries()) {
      const path = ["definitions", index];
      if (names.has(definition.name)) {
        this.#report([...path, "name"], `there are two intents named "${definition.name}"`);
      }
      names.add(definition.name);
      this.#compileIntent(definition, path);
    }
    return this.#sentences;
  }

  #compileIntent(definition: IntentDefinition, path: IntentIssue["path"]): void {
    const { tool, answer, failure, defaults = {}, arguments: settings = {} } = definition;
    const answers = new Map<string, AnswerTemplate>();
    const failures = new Map<string, AnswerTemplate>();
    const argumentTexts = new Map<string, AnswerTemplate>();
    const intent: CompiledIntent = { definition, slots: this.#settings.slots, answers, failures, argumentTexts };
    const slots = new Set(Object.keys(defaults));
    for (const { language, template, place } of templatesOf(definition)) {
      const at = [...path, "sentences", ...place];
      if (this.#sentences.length >= MAX_SENTENCES) {
        this.#report(at, `there are more than ${MAX_SENTENCES} sentences`);
        return;
      }
      const sentence = this.#attempt(at, () =>
        compileSentence(template, language, (slot, folding) => this.#slot(slot, language, folding)),
      );
      if (sentence === null) continue;
      for (const name of sentence.slotNames.keys()) slots.add(name);
      this.#sentences.push({ intent, language, sentence, index: this.#sentences.length });
    }
    if (tool === undefined && answer === undefined) {
      this.#report(path, "an intent needs a tool, an answer or both");
    }
    this.#texts(answer, [...path, "answer"], new Set([...slots, ...(tool === undefined ? [] : ["result"])]), answers);
    this.#texts(failure, [...path, "failure"], new Set([...slots, "error"]), failures);
    for (const [name, value] of Object.entries(settings)) {
      if (typeof value !== "string") continue;
      const at = [...path, "arguments", name];
      const template = this.#attempt(at, () => AnswerTemplate.parse(value, slots));
      if (template !== null) argumentTexts.set(name, template);
    }
  }

  #texts(
    settings: IntentDefinition["answer"],
    path: IntentIssue["path"],
    names: ReadonlySet<string>,
    templates: Map<string, AnswerTemplate>,
  ): void {
    const byLanguage = typeof settings === "string" ? { "": settings } : (settings ?? {});
    for (const [language, text] of Object.entries(byLanguage)) {
      const at = language === "" ? path : [...path, language];
      const template = this.#attempt(at, () => AnswerTemplate.parse(text, names));
      if (template !== null) templates.set(language, template);
    }
  }

  #slot(name: string, language: string | null, folding: Folding): SlotMatcher | null {
    const { slots = {} } = this.#settings;
    const settings = Object.hasOwn(slots, name) ? slots[name] : undefined;
    if (settings === undefined) return null;
    const key = JSON.stringify([name, language, folding]);
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = compileSlot(settings, language, folding, ["slots", name], this.#issues);
      this.#slots.set(key, slot);
    }
    return slot;
  }

  #attempt<Value>(path: IntentIssue["path"], compile: () => Value): Value | null {
    try {
      return compile();
    } catch (error) {
      if (!(error instanceof SentenceError)) throw error;
      this.#issues.push({ path, column: error.at + 1, message: error.message });
      return null;
    }
  }

  #report(path: IntentIssue["path"], message: string): void {
    this.#issues.push({ path, column: null, message });
  }
}

function templatesOf({ sentences }: IntentDefinition) {
  if (Array.isArray(sentences)) {
    return sentences.map((template, index) => ({ language: null, template, place: [index] as (string | number)[] }));
  }
  return Object.entries(sentences).flatMap(([language, templates]) =>
    templates.map((template, index) => ({ language, template, place: [language, index] as (string | number)[] })),
  );
}
