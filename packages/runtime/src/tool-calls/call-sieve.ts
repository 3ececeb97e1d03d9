import type { EngineMessage, EngineTool } from "../engines/engine.js";
import { asksForWords } from "./asks-for-words.js";
import type { NamedCall } from "./call-form.js";
import { mayBecomeCall } from "./dressed-beginning.js";
import { recognizeCalls } from "./recognize-call.js";

/** Longest text that is held back. A longer one is shown as text. */
const MAX_HELD_CHARACTERS = 32_768;
/** Longest text before a call, a short sentence that announces it. */
const MAX_ANNOUNCEMENT_CHARACTERS = 240;
/** Words in replies that show an example of a call, or refuse to make one. */
const showing =
  /\b(?:example|instance|e\.g\.|would|could|can be|might|syntax|format|json|schema|looks? like|call looks|sample|(?:i|we) (?:will not|won['’]t|refuse)|beispiel|sieht (?:das|es|so|ein)|werde (?:das |es )?nicht|exemple|voici (?:comment|à quoi)|ne (?:vais|ferai) pas|ejemplo|así (?:es|se)|no (?:lo haré|voy a hacer)|esempio|ecco come|non lo farò|voorbeeld|zo ziet)(?!\p{L})/iu;

/**
 * Passes the text of a reply through, but holds back text that may still become a call. A call may begin the reply, or
 * a line after a short sentence. At the end, the held text is either a call or shown.
 */
export class CallSieve {
  readonly #tools: readonly EngineTool[];
  readonly #names: readonly string[];
  readonly #isOff: boolean;
  /** Text shown so far, up to the limit of an announcement, and its total length. */
  #shown = "";
  #shownCharacters = 0;
  #held = "";

  /** `messages` is the conversation. A call stays text where its last message asks for text or `isUnwanted` applies. */
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

  /** Adds text. Returns the text to show now. */
  push(text: string): string {
    if (this.#isOff) return text;
    this.#held += text;
    const length = this.#held.length > MAX_HELD_CHARACTERS ? this.#held.length : this.#clearLength();
    return this.#show(length);
  }

  /** Returns the held text as calls or as text. A reply that was cut off has no calls. */
  finish({ isComplete }: { isComplete: boolean }): { text: string; calls: readonly NamedCall[] } {
    const calls = isComplete && this.#held !== "" ? recognizeCalls(this.#held, this.#tools) : null;
    if (calls === null) return { text: this.#show(this.#held.length), calls: [] };
    this.#held = "";
    return { text: "", calls };
  }

  /** Discards the text so far, because it is not part of the reply. */
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

  /** Length of the text before the first position where a call may begin. */
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
    // In the same line, a call follows the end of a sentence. After a colon it is a quotation.
    return /[.!?…]\s+$/.test(before) && /[{<[`]/.test(this.#held[at] as string);
  }
}
