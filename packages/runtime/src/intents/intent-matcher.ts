import type { IntentDefinition, IntentSettings, SlotValue } from "@nanoagent/models";
import type { Folding } from "../fold-case.js";
import { AnswerTemplate } from "./answer-template.js";
import { type CompiledSentence, compileSentence } from "./compile-sentence.js";
import { type IntentIssue, InvalidIntentsError } from "./invalid-intents-error.js";
import { MessageWords, matchSentence, type SentenceMatch } from "./match-sentence.js";
import { SentenceError } from "./parse-sentence.js";
import { type SentenceFacts, SentenceFactsReader } from "./sentence-facts.js";
import { SentenceIndex } from "./sentence-index.js";
import { compileSlot, type SlotMatcher, spokenValue } from "./slot-values.js";

/** Longest message that is matched. Nobody writes templates for longer ones. */
const MAX_INTENT_CHARACTERS = 2000;
/** Most sentences. More would take seconds to load and tens of megabytes. */
const MAX_SENTENCES = 100_000;
/** Most compiled sentences that are kept, by last use. */
const MAX_HELD_SENTENCES = 256;

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
  /** Compiled on demand, because only a few of tens of thousands are ever needed. */
  readonly sentence: CompiledSentence;
  /** Index among all sentences. */
  readonly index: number;
}

interface CompiledIntent {
  readonly definition: IntentDefinition;
  readonly slots: IntentSettings["slots"];
}

/**
 * Matches messages to intents by sentence templates, without a model. Of several matching sentences, the one with the
 * most literal words wins, then the one with the fewest words of free text, then the one that is defined first.
 */
export class IntentMatcher {
  /** @internal */
  readonly sentences: readonly IntentSentence[];
  readonly #indices: ReadonlyMap<Folding, SentenceIndex<IntentSentence>>;
  /** Number of steps of all matches so far. @internal */
  readonly work = { steps: 0 };

  private constructor(
    sentences: readonly IntentSentence[],
    indices: ReadonlyMap<Folding, SentenceIndex<IntentSentence>>,
  ) {
    this.sentences = sentences;
    this.#indices = indices;
  }

  /** Throws {@link InvalidIntentsError} with every issue and its place. */
  static compile(settings: IntentSettings): IntentMatcher {
    const issues: IntentIssue[] = [];
    const { sentences, indices } = new Compiler(settings, issues).compile();
    if (issues.length > 0) throw new InvalidIntentsError(issues);
    return new IntentMatcher(sentences, indices);
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

/** Returns a positive number where the first match is more specific. */
function compare(one: SentenceMatch, other: SentenceMatch): number {
  return one.literalWords - other.literalWords || other.freeWords - one.freeWords;
}

function describeMatch({ intent, language, sentence }: IntentSentence, match: SentenceMatch): IntentMatch {
  const { definition, slots: settings = {} } = intent;
  const slots = Object.freeze(Object.fromEntries([...Object.entries(definition.defaults ?? {}), ...match.slots]));
  const say = (texts: Readonly<Record<string, string>>, more: Record<string, unknown>) => {
    const spoken = language ?? "";
    const key = [spoken, ""].find((known) => Object.hasOwn(texts, known)) ?? Object.keys(texts)[0];
    const text = key === undefined ? undefined : texts[key];
    if (key === undefined || text === undefined) return null;
    const words = Object.entries(slots).map(([name, value]): [string, SlotValue] => {
      const source = sentence.slotNames.get(name) ?? name;
      const slot = Object.hasOwn(settings, source) ? settings[source] : undefined;
      return [name, spokenValue(slot, value, key === "" ? language : key)];
    });
    return AnswerTemplate.parse(text, null).render({ ...Object.fromEntries(words), ...more });
  };
  return Object.freeze({
    intent: definition.name,
    language,
    sentence: sentence.template,
    slots,
    call: definition.tool === undefined ? null : { tool: definition.tool, arguments: argumentsOf(definition, slots) },
    answer: (result?: unknown) => say(textsOf(definition.answer), { result }),
    failure: (error: string) => say(textsOf(definition.failure), { error }),
  });
}

/** Texts by language. A text for every language has the key "". */
function textsOf(settings: IntentDefinition["answer"]): Readonly<Record<string, string>> {
  return typeof settings === "string" ? { "": settings } : (settings ?? {});
}

/** An argument is omitted where its slot has no value. */
function argumentsOf(
  { arguments: settings }: IntentDefinition,
  slots: Readonly<Record<string, SlotValue>>,
): Record<string, unknown> {
  if (settings === undefined) return { ...slots };
  const entries = Object.entries(settings).flatMap(([name, value]): [string, unknown][] => {
    const slot = slotAlone(value);
    if (slot !== null) return Object.hasOwn(slots, slot) ? [[name, slots[slot]]] : [];
    return [[name, typeof value === "string" ? AnswerTemplate.parse(value, null).render(slots) : value]];
  });
  return Object.fromEntries(entries);
}

/** `"{zone}"` → `zone`: the argument is the value itself, not a text that contains it. */
function slotAlone(value: unknown): string | null {
  if (typeof value !== "string") return null;
  return /^\{([\p{L}\p{N}_-]+)\}$/u.exec(value)?.[1] ?? null;
}

/** A sentence that was checked and is compiled on demand. */
class KnownSentence implements IntentSentence {
  readonly intent: CompiledIntent;
  readonly language: string | null;
  readonly index: number;
  readonly #template: string;
  readonly #compiler: Compiler;

  constructor(
    compiler: Compiler,
    intent: CompiledIntent,
    { language, template }: { language: string | null; template: string },
    index: number,
  ) {
    this.intent = intent;
    this.language = language;
    this.index = index;
    this.#template = template;
    this.#compiler = compiler;
  }

  get sentence(): CompiledSentence {
    return this.#compiler.compiled(this, this.#template);
  }
}

interface CompiledSlot {
  readonly matcher: SlotMatcher;
  /** Issues that are not reported yet. */
  readonly issues: IntentIssue[];
  isTold: boolean;
}

class Compiler {
  readonly #settings: IntentSettings;
  readonly #issues: IntentIssue[];
  readonly #slots = new Map<string, CompiledSlot>();
  readonly #sentences: IntentSentence[] = [];
  readonly #indices = new Map<Folding, SentenceIndex<IntentSentence>>();
  /** Compiled sentences that are kept, the last used one at the end. */
  readonly #held = new Map<IntentSentence, CompiledSentence>();

  constructor(settings: IntentSettings, issues: IntentIssue[]) {
    this.#settings = settings;
    this.#issues = issues;
  }

  compile(): { sentences: IntentSentence[]; indices: ReadonlyMap<Folding, SentenceIndex<IntentSentence>> } {
    const names = new Set<string>();
    const reader = new SentenceFactsReader(
      (slot, language, folding) => this.#quietSlot(slot, language, folding)?.matcher ?? null,
    );
    for (const [index, definition] of this.#settings.definitions.entries()) {
      const path = ["definitions", index];
      if (names.has(definition.name)) {
        this.#report([...path, "name"], `there are two intents named "${definition.name}"`);
      }
      names.add(definition.name);
      this.#compileIntent(definition, path, reader);
    }
    for (const index of this.#indices.values()) index.seal();
    return { sentences: this.#sentences, indices: this.#indices };
  }

  /** Returns the compiled sentence. */
  compiled(entry: IntentSentence, template: string): CompiledSentence {
    const sentence = this.#held.get(entry) ?? this.#compileSentence(template, entry.language);
    this.#held.delete(entry);
    this.#held.set(entry, sentence);
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= MAX_HELD_SENTENCES) break;
      this.#held.delete(oldest);
    }
    return sentence;
  }

  #compileIntent(definition: IntentDefinition, path: IntentIssue["path"], reader: SentenceFactsReader): void {
    const { tool, answer, failure, defaults = {}, arguments: settings = {} } = definition;
    const intent: CompiledIntent = { definition, slots: this.#settings.slots };
    const slots = new Set(Object.keys(defaults));
    for (const { language, template, place } of templatesOf(definition)) {
      const at = [...path, "sentences", ...place];
      if (this.#sentences.length >= MAX_SENTENCES) {
        this.#report(at, `there are more than ${MAX_SENTENCES} sentences`);
        return;
      }
      const sentence = this.#attempt(at, () => this.#factsOf(template, language, reader));
      if (sentence === null) continue;
      for (const name of sentence.slotNames.keys()) slots.add(name);
      this.#add(new KnownSentence(this, intent, { language, template }, this.#sentences.length), sentence);
    }
    if (tool === undefined && answer === undefined) {
      this.#report(path, "an intent needs a tool, an answer or both");
    }
    if (answer !== undefined)
      this.#check(answer, [...path, "answer"], tool === undefined ? slots : withName(slots, "result"));
    if (failure !== undefined) this.#check(failure, [...path, "failure"], withName(slots, "error"));
    for (const [name, value] of Object.entries(settings)) {
      if (typeof value !== "string") continue;
      this.#attempt([...path, "arguments", name], () => AnswerTemplate.parse(value, slots));
    }
  }

  #factsOf(template: string, language: string | null, reader: SentenceFactsReader): SentenceFacts {
    const facts = reader.read(template, language);
    if (facts === null) return this.#compileSentence(template, language);
    for (const name of facts.slotNames.values()) {
      if (this.#quietSlot(name, language, facts.folding)?.isTold === false)
        return this.#compileSentence(template, language);
    }
    return facts;
  }

  #compileSentence(template: string, language: string | null): CompiledSentence {
    return compileSentence(template, language, (slot, folding) => this.#slot(slot, language, folding));
  }

  #add(entry: IntentSentence, facts: SentenceFacts): void {
    this.#sentences.push(entry);
    let index = this.#indices.get(facts.folding);
    if (index === undefined) {
      index = new SentenceIndex();
      this.#indices.set(facts.folding, index);
    }
    index.add(entry, facts);
  }

  #check(settings: IntentDefinition["answer"], path: IntentIssue["path"], names: ReadonlySet<string>): void {
    for (const [language, text] of Object.entries(textsOf(settings))) {
      const at = language === "" ? path : [...path, language];
      this.#attempt(at, () => AnswerTemplate.parse(text, names));
    }
  }

  #slot(name: string, language: string | null, folding: Folding): SlotMatcher | null {
    const slot = this.#quietSlot(name, language, folding);
    // The slot's issues are reported once, with the first sentence that uses it.
    if (slot !== null) this.#issues.push(...slot.issues.splice(0));
    if (slot !== null) slot.isTold = true;
    return slot?.matcher ?? null;
  }

  #quietSlot(name: string, language: string | null, folding: Folding): CompiledSlot | null {
    const { slots = {} } = this.#settings;
    const settings = Object.hasOwn(slots, name) ? slots[name] : undefined;
    if (settings === undefined) return null;
    const key = `${folding}\n${language}\n${name}`;
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      const issues: IntentIssue[] = [];
      slot = { matcher: compileSlot(settings, language, folding, ["slots", name], issues), issues, isTold: false };
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

function withName(names: ReadonlySet<string>, name: string): ReadonlySet<string> {
  return new Set(names).add(name);
}

function templatesOf({ sentences }: IntentDefinition) {
  if (Array.isArray(sentences)) {
    return sentences.map((template, index) => ({ language: null, template, place: [index] as (string | number)[] }));
  }
  return Object.entries(sentences).flatMap(([language, templates]) =>
    templates.map((template, index) => ({ language, template, place: [language, index] as (string | number)[] })),
  );
}
