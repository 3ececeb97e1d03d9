import type { ConversationMessage } from "@nanoagent/runtime";

/** Most characters of the messages that are sent with the next one: 512 KB, as much as the service keeps of a conversation. */
const MAX_CHARACTERS = 256 * 1024;
/** Most messages. A longer conversation would not be kept open. */
const MAX_MESSAGES = 2000;
/** Share of the limits that stays when one is exceeded. A history that loses its beginning must be read again. */
const KEPT_SHARE = 1 / 2;

/** The messages of a conversation that people have seen, and that are sent with the next message. */
export class VisibleHistory {
  #messages: ConversationMessage[] = [];
  #characters = 0;

  /** Oldest first. A new list whenever it changes. */
  get messages(): readonly ConversationMessage[] {
    return this.#messages;
  }

  get characters(): number {
    return this.#characters;
  }

  /** Adds the messages of a turn. Beyond the limits, the oldest turns are dropped. */
  add(messages: readonly ConversationMessage[]): void {
    this.#messages = [...this.#messages, ...messages];
    for (const message of messages) this.#characters += lengthOf(message);
    if (this.#characters > MAX_CHARACTERS || this.#messages.length > MAX_MESSAGES) this.#drop();
  }

  #drop(): void {
    let from = 0;
    let characters = this.#characters;
    while (
      from < this.#messages.length &&
      (characters > MAX_CHARACTERS * KEPT_SHARE ||
        this.#messages.length - from > MAX_MESSAGES * KEPT_SHARE ||
        this.#messages[from]?.role !== "user")
    ) {
      characters -= lengthOf(this.#messages[from] as ConversationMessage);
      from += 1;
    }
    this.#messages = this.#messages.slice(from);
    this.#characters = characters;
  }
}

function lengthOf({ content, tool_calls }: ConversationMessage): number {
  return content.length + (tool_calls === undefined ? 0 : JSON.stringify(tool_calls).length);
}
