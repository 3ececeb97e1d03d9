import { setTimeout as sleep } from "node:timers/promises";
import { cutText } from "@nanoagent/models";

/** Limits on kept messages and their length. A broken file may cause one message per tensor. */
const MAX_MESSAGES = 32;
const MAX_CHARACTERS = 300;
/** Most reasons in one text. */
const MAX_REASONS = 3;
/** Delay of the library's messages, which arrive through a queue after the result of a call. */
const QUEUE_MILLISECONDS = 50;

/** Messages that only report a failure without a cause. */
const SAYS_NO_REASON = /^(failed to (load|create|initialize)( the)? (model|context)\b[^:]*|null result|\W*)$/i;

/** Messages of the native library during a call. The first ones name the cause, later ones only report the failure. */
export class NativeMessages {
  readonly #messages: string[] = [];

  readonly add = (message: string): void => {
    const text = cutText(message.trim(), MAX_CHARACTERS);
    if (text !== "" && this.#messages.length < MAX_MESSAGES) this.#messages.push(text);
  };

  /** Returns the library's reasons as one text, or an empty text. Waits for messages that are still queued. */
  async reasons(): Promise<string> {
    await sleep(QUEUE_MILLISECONDS);
    const texts = this.#messages.map(withoutOrigin);
    const reasons = texts.filter((text) => !SAYS_NO_REASON.test(text));
    return [...new Set(reasons.length > 0 ? reasons : texts)].slice(0, MAX_REASONS).join("; ");
  }
}

/** Removes the names of functions and steps at the start of a message. */
function withoutOrigin(message: string): string {
  return message
    .replace(/^(\w+: )+(?=\S)/, "")
    .replace(/^(error loading model( \w+)?: )+/, "")
    .trim();
}
