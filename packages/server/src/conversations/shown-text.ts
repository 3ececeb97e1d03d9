import type { AgentEvent, ToolCall } from "@nanoagent/runtime";

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

  /** Notes an event that is not a piece of text. */
  note({ type }: { readonly type: string }): void {
    if (type === "text-retraction") this.#retract();
    // The next text belongs to another step.
    else if (type === "tool-result") this.#isAfterCalls = true;
    else if (type === "step-end") {
      this.#begun = this.#text.length;
      this.#isSeparated = false;
    }
  }

  /** Returns the reply after the last event of a turn, or null if the conversation did not keep the turn. */
  replyOf(last: Extract<AgentEvent, { type: "run-end" | "error" }>): ShownReply | null {
    const { reply } = last;
    if (reply === undefined) return null;
    const calls = (last.type === "run-end" && last.calls) || [];
    // A reply without any piece of text is its own text.
    if (this.#text === "" && last.type === "run-end") {
      return { text: reply.content, textWithRetracted: reply.content, calls };
    }
    return { text: this.#text, textWithRetracted: this.#everything, calls };
  }

  /** Removes the text of the current step: it was not part of the reply. */
  #retract(): void {
    this.#text = this.#text.slice(0, this.#begun);
    this.#isAfterCalls ||= this.#isSeparated;
  }
}
