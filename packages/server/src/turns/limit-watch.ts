import type { TokenUsage } from "@nanoagent/runtime";
import type { AnswerEvent, Ask } from "./ask.js";

type ErrorEvent = Extract<AnswerEvent, { type: "error" }>;
type StepEndReason = Extract<AnswerEvent, { type: "step-end" }>["reason"];

/**
 * Recognizes turns that failed only because of a limit of the request, and ends them like any other reply there:
 *
 * - with `length`, if the limit of tokens was reached within the reasoning, before the JSON was complete, or within the
 *   arguments of a call. Home Assistant's set-up asks for three tokens, and fails on an error.
 * - with `stop`, if a stop text ended the JSON before it was complete.
 */
export class LimitWatch {
  readonly #ask: Ask;
  #last: AnswerEvent["type"] | null = null;
  #reason: StepEndReason | null = null;
  #usage: TokenUsage | null = null;
  /** Text of the reply so far. Kept only for a reply with a schema, whose error has no text. */
  #text = "";

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  note(event: AnswerEvent): void {
    if (event.type !== "error") this.#last = event.type;
    switch (event.type) {
      case "text-delta":
        if (this.#ask.responseSchema !== undefined) this.#text += event.text;
        break;
      case "text-retraction":
        this.#text = "";
        break;
      case "step-end":
        this.#reason = event.reason;
        this.#usage = event.usage;
        // The text before a call is not part of the reply.
        if (event.reason === "tool-calls") this.#text = "";
        break;
    }
  }

  /** Returns the end of the reply in place of its error, or null for any other failure. */
  endFor({ error: { code }, reply }: ErrorEvent): Extract<AnswerEvent, { type: "run-end" }> | null {
    const reason = this.#reasonFor(code);
    if (reason === null) return null;
    const message = { role: "assistant", content: this.#text, timestamp: new Date().toISOString() } as const;
    return { type: "run-end", reply: reply ?? message, reason, usage: this.#usage };
  }

  #reasonFor(code: string): "length" | "stop" | null {
    const { sampling = {}, responseSchema } = this.#ask;
    if (code === "reply-not-valid" && responseSchema !== undefined && this.#reason === "stop") {
      return (sampling.stop ?? []).length > 0 && !isJson(this.#text) ? "stop" : null;
    }
    return sampling.maxTokens !== undefined && this.#isAtLimit(code) ? "length" : null;
  }

  #isAtLimit(code: string): boolean {
    switch (code) {
      case "reply-only-thought":
        return true;
      case "reply-not-valid":
        return this.#ask.responseSchema !== undefined && this.#reason === "length";
      // After a result, the arguments were complete and wrong. Before one, the engine could not complete them.
      case "call-not-valid":
        return this.#last !== "tool-result";
      default:
        return false;
    }
  }
}

/** Whether a text is complete JSON. Complete JSON that does not satisfy the schema was not cut. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
