import type { EngineMessage, EngineTool } from "../engines/engine.js";
import { asksForWords } from "./asks-for-words.js";
import type { NamedCall } from "./call-form.js";
import { mayBecomeCall } from "./dressed-beginning.js";
import { recognizeCalls } from "./recognize-call.js";

/** Longest text that is held back; a longer one is shown as the text that it is. */
const MAX_HELD_CHARACTERS = 32_768;
/** Longest text before a call: a short sentence that announces it. */
const MAX_ANNOUNCEMENT_CHARACTERS = 240;
/** Words of somebody who shows what a call looks like, or will make none. */
const showing =
  /\b(?:example|instance|e\.g\.|would|could|can be|might|syntax|format|json|schema|looks? like|call looks|sample|(?:i|we) (?:will not|won['’]t|refuse)|beispiel|sieht (?:das|es|so|ein)|werde (?:das |es )?nicht|exemple|voici (?:comment|à quoi)|ne (?:vais|ferai) pas|ejemplo|así (?:es|se)|no (?:lo haré|voy a hacer)|esempio|ecco come|non lo farò|voorbeeld|zo ziet)(?!\p{L})/iu;

/**
 * Lets the text of a reply through as it comes, but what could still become a call: that is held back until it is known. A
 * call may begin the reply, or a line behind a short sentence. At the end it is a call, or the text that it was.
 */
export class CallSieve {
  readonly #tools: readonly EngineTool[];
  readonly #names: readonly string[];
  readonly #isOff: boolean;
  /** Text that was shown, as far as an announcement may go, and the length of all of it. */
  #shown = "";
  #shownCharacters = 0;
  #held = "";

  /** `messages` is the conversation: whoever asks for words, or wants no act by `isUnwanted`, gets a call to read. */
  constructor(
    tools: readonly EngineTool[],
    messages: readonly EngineMessage[] = [],
    isUnwanted: (message: string) => boolean = () => false,
  ) {
    this.#tools = tools;
    this.#names = tools.map(({ name }) => name);
    const asked = messages.findLast(({ role }) => role === "user")?.content ?? "";
    this.#isOff = tools.length === 0 || asksForWords(asked) || isUnwanted(asked);
  }

  /** Takes in more text; returns what can be shown. */
  push(text: string): string {
    if (this.#isOff) return text;
    this.#held += text;
    const length = this.#held.length > MAX_HELD_CHARACTERS ? this.#held.length : this.#clearLength();
    return this.#show(length);
  }

  /** Returns the calls that what was held back is, or its text. A reply that was cut off has no calls. */
  finish({ isComplete }: { isComplete: boolean }): { text: string; calls: readonly NamedCall[] } {
    const calls = isComplete && this.#held !== "" ? recognizeCalls(this.#held, this.#tools) : null;
    if (calls === null) return { text: this.#show(this.#held.length), calls: [] };
    this.#held = "";
    return { text: "", calls };
  }

  /** Takes that the text so far is no part of the reply. */
  reset(): void {
    this.#shown = "";
    this.#shownCharacters = 0;
    this.#held = "";
  }

  #show(length: number): string {
    const text = this.#held.slice(0, length);
    this.#shownCharacters += length;
    if (this.#shownCharacters <= MAX_ANNOUNCEMENT_CHARACTERS) this.#shown += text;
    this.#held = this.#held.slice(length);
    return text;
  }

  /** Length of the text before the first place where a call may still begin. */
  #clearLength(): number {
    for (let at = 0; at < this.#held.length; at++) {
      if (!this.#mayBeginAt(at)) continue;
      const rest = this.#held.slice(at).trimStart();
      if (rest === "" || mayBecomeCall(rest, this.#names)) return at;
    }
    return this.#held.length;
  }

  #mayBeginAt(at: number): boolean {
    if (this.#shownCharacters + at > MAX_ANNOUNCEMENT_CHARACTERS) return false;
    const before = this.#shown + this.#held.slice(0, at);
    if (before.trim() === "") return true;
    if (showing.test(before)) return false;
    if (before.endsWith("\n")) return true;
    // In the same line a call stands behind the end of a sentence; behind a colon it is quoted.
    return /[.!?…]\s+$/.test(before) && /[{<[`]/.test(this.#held[at] as string);
  }
}
