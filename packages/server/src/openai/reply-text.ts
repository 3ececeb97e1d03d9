import type { AnswerEvent } from "../turns/ask.js";

/** The text and the reasoning of a reply, collected from its events. */
export class ReplyText {
  /** Text of the steps that have ended. */
  #said = "";
  /** Text of the running step, which may turn out to be reasoning. */
  #step = "";
  #reasoning = "";

  /** The text so far, without what turned out to be reasoning. */
  get text(): string {
    return this.#said + this.#step;
  }

  get reasoning(): string {
    return this.#reasoning;
  }

  take(event: AnswerEvent): void {
    switch (event.type) {
      case "text-delta":
        this.#step += event.text;
        break;
      case "reasoning-delta":
        this.#reasoning += event.text;
        break;
      case "text-retraction":
        this.#reasoning += this.#step;
        this.#step = "";
        break;
      case "step-end":
        this.#said += this.#step;
        this.#step = "";
        break;
      default:
        break;
    }
  }
}
