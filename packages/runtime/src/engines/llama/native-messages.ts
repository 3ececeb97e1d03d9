import { setTimeout as sleep } from "node:timers/promises";
import { cutText } from "@nanoagent/models";

/** Most messages that are kept, and most characters of each: a broken file can bring one for each of its tensors. */
const MAX_MESSAGES = 32;
const MAX_CHARACTERS = 300;
/** Most sentences of a reason. */
const MAX_REASONS = 3;
/** The library's messages come through a queue, after the result of the call that they belong to. */
const QUEUE_MILLISECONDS = 50;

/** Messages that say only that something failed, and not what. */
const SAYS_NO_REASON = /^(failed to (load|create|initialize)( the)? (model|context)\b[^:]*|null result|\W*)$/i;

/** What the native library said while a call was under way. The first messages name the cause, later ones that it failed. */
export class NativeMessages {
  readonly #messages: string[] = [];

  readonly add = (message: string): void => {
    const text = cutText(message.trim(), MAX_CHARACTERS);
    if (text !== "" && this.#messages.length < MAX_MESSAGES) this.#messages.push(text);
  };

  /** Returns the library's reasons as one text; empty where it gave none. Waits for messages that are on their way. */
  async reasons(): Promise<string> {
    await sleep(QUEUE_MILLISECONDS);
    const texts = this.#messages.map(withoutOrigin);
    const reasons = texts.filter((text) => !SAYS_NO_REASON.test(text));
    return [...new Set(reasons.length > 0 ? reasons : texts)].slice(0, MAX_REASONS).join("; ");
  }
}

/** The message without the names of functions and steps that lead to it. */
function withoutOrigin(message: string): string {
  return message
    .replace(/^(\w+: )+(?=\S)/, "")
    .replace(/^(error loading model( \w+)?: )+/, "")
    .trim();
}
