import type { TokenUsage } from "@nanoagent/runtime";
import type { AnswerEvent, Ask } from "./ask.js";

type ErrorEvent = Extract<AnswerEvent, { type: "error" }>;

/**
 * Recognizes turns that failed only because the reply reached the length limit of the request: within its reasoning,
 * before its JSON was complete, or within the arguments of a call. For clients, such a reply ends with `length` like
 * any other. Home Assistant's set-up asks for three tokens, and fails on an error.
 */
export class LimitWatch {
  readonly #ask: Ask;
  #last: AnswerEvent["type"] | null = null;
  #isCut = false;
  #usage: TokenUsage | null = null;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  note(event: AnswerEvent): void {
    if (event.type !== "error") this.#last = event.type;
    if (event.type !== "step-end") return;
    this.#isCut = event.reason === "length";
    this.#usage = event.usage;
  }

  /** Returns the end of the reply in place of its error, or null for any other failure. */
  endFor({ error: { code }, reply }: ErrorEvent): Extract<AnswerEvent, { type: "run-end" }> | null {
    if (this.#ask.sampling?.maxTokens === undefined || !this.#isAtLimit(code)) return null;
    const { content = "" } = reply ?? {};
    const message = { role: "assistant", content, timestamp: new Date().toISOString() } as const;
    return { type: "run-end", reply: reply ?? message, reason: "length", usage: this.#usage };
  }

  #isAtLimit(code: string): boolean {
    switch (code) {
      case "reply-only-thought":
        return true;
      case "reply-not-valid":
        return this.#ask.responseSchema !== undefined && this.#isCut;
      // After a result, the arguments were complete and wrong. Before one, the engine could not complete them.
      case "call-not-valid":
        return this.#last !== "tool-result";
      default:
        return false;
    }
  }
}
