import type { ToolCall } from "@nanoagent/runtime";

/** Between the texts of two steps of a reply, where neither has white space. */
const STEP_SEPARATOR = "\n\n";

/** The part of a turn that its client has seen, besides the message: the client sends it back with the next request. */
export interface ShownReply {
  /** The texts of all steps, joined. */
  readonly text: string;
  /** The same with the texts that were retracted after they had been sent. */
  readonly textWithRetracted: string;
  /** Calls of the client's tools. */
  readonly calls: readonly ToolCall[];
}

/** Returns the text between the texts of two steps, which the reader of a stream needs, too. */
export function separatorBetween(before: string, after: string): string {
  if (before === "" || after === "" || /\s$/u.test(before) || /^\s/u.test(after)) return "";
  return STEP_SEPARATOR;
}

/** Collects the text of a reply as its client sees it. */
export class ShownText {
  #text = "";
  #everything = "";
  /** Length of the text before the current step. */
  #begun = 0;
  /** Whether the agent called tools since the last text. */
  #isAfterCalls = false;
  /** Whether it did before the text of the current step. */
  #isSeparated = false;

  get text(): string {
    return this.#text;
  }

  get textWithRetracted(): string {
    return this.#everything;
  }

  /** Adds a piece of text. Returns the separator that belongs before it, mostly an empty text. */
  add(text: string): string {
    let separator = "";
    if (this.#isAfterCalls && text !== "") {
      this.#isAfterCalls = false;
      this.#isSeparated = true;
      separator = separatorBetween(this.#text, text);
    }
    this.#text += separator + text;
    this.#everything += separator + text;
    return separator;
  }

  /** Notes the result of one of the agent's own calls, so that the next text belongs to another step. */
  noteResult(): void {
    this.#isAfterCalls = true;
  }

  endStep(): void {
    this.#begun = this.#text.length;
    this.#isSeparated = false;
  }

  /** Removes the text of the current step: it was not part of the reply. */
  retract(): void {
    this.#text = this.#text.slice(0, this.#begun);
    this.#isAfterCalls ||= this.#isSeparated;
  }
}
