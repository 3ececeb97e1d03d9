import type { ConversationMessage } from "../engines/conversation-message.js";

/** Memory limit of the history. The oldest turns beyond it are dropped. */
export const MAX_HISTORY_BYTES = 4 * 1024 * 1024;

/** Share of the limit that is freed at once, so that a full history does not shift its list at every turn. */
const DROPPED_SHARE = 1 / 8;
/** Memory of a message besides its text: the object, the timestamp, its place in the list. */
const MESSAGE_OVERHEAD_BYTES = 200;
/** JavaScript stores text outside Latin-1 in two bytes per character. The limit assumes the worst case. */
const BYTES_PER_CHARACTER = 2;

/** The turns of one conversation that are kept in memory, up to a size limit. */
export class History {
  readonly #messages: ConversationMessage[] = [];
  /** Number of messages and memory of each finished turn, oldest first. */
  readonly #turns: number[] = [];
  readonly #maxBytes: number;
  #openTurn: ConversationMessage[] | null = null;
  #bytes = 0;
  #droppedTurns = 0;

  constructor(maxBytes: number = MAX_HISTORY_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** The finished turns, oldest first. */
  get messages(): ConversationMessage[] {
    return this.#messages.slice(0, this.#messages.length - (this.#openTurn?.length ?? 0));
  }

  /** The finished turns, oldest first, each with its messages. */
  get turns(): ConversationMessage[][] {
    const counts = this.#turns.filter((_, index) => index % 2 === 0);
    let end = 0;
    return counts.map((count) => {
      end += count;
      return this.#messages.slice(end - count, end);
    });
  }

  /** The finished turns, readable until the next one begins. This is the list itself, unless a turn is open. */
  get finished(): readonly ConversationMessage[] {
    return this.#openTurn === null ? this.#messages : this.messages;
  }

  /** Number of turns that were dropped to stay within the limit. */
  get droppedTurns(): number {
    return this.#droppedTurns;
  }

  /** Adds stored turns, oldest first. `droppedTurns` is the number of turns before them. */
  restore(turns: readonly (readonly ConversationMessage[])[], droppedTurns: number): void {
    this.#droppedTurns += droppedTurns;
    for (const turn of turns) {
      this.#messages.push(...turn);
      this.#count(turn);
    }
  }

  /** Begins a turn. Returns all messages, these last: the list itself, readable until the turn ends. */
  begin(opening: readonly ConversationMessage[]): readonly ConversationMessage[] {
    this.#openTurn = [...opening];
    this.#messages.push(...opening);
    return this.#messages;
  }

  /** Adds a message to the open turn. */
  extend(message: ConversationMessage): void {
    this.#openTurn?.push(message);
    this.#messages.push(message);
  }

  /**
   * Ends the turn with its reply, or with the calls that it already has. A turn larger than the limit stays until the
   * next one comes.
   */
  commit(reply: ConversationMessage | null): void {
    if (reply !== null) this.extend(reply);
    const turn = this.#openTurn ?? (reply === null ? [] : [reply]);
    this.#openTurn = null;
    this.#count(turn);
  }

  /** Discards the open turn. */
  rollback(): void {
    if (this.#openTurn === null) return;
    this.#messages.length -= this.#openTurn.length;
    this.#openTurn = null;
  }

  #count(turn: readonly ConversationMessage[]): void {
    const bytes = turn.reduce((sum, message) => sum + memoryOf(message), 0);
    this.#turns.push(turn.length, bytes);
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes) this.#dropOldestTurns();
  }

  #dropOldestTurns(): void {
    const target = this.#maxBytes * (1 - DROPPED_SHARE);
    let at = 0;
    let messages = 0;
    for (; at < this.#turns.length - 2 && this.#bytes > target; at += 2) {
      messages += this.#turns[at] ?? 0;
      this.#bytes -= this.#turns[at + 1] ?? 0;
    }
    this.#turns.splice(0, at);
    this.#messages.splice(0, messages);
    this.#droppedTurns += at / 2;
  }
}

/** Returns the memory of a message that counts toward the limit, in bytes. */
export function memoryOf({ content, tool_calls }: ConversationMessage): number {
  const calls = tool_calls === undefined ? 0 : JSON.stringify(tool_calls).length;
  return MESSAGE_OVERHEAD_BYTES + (content.length + calls) * BYTES_PER_CHARACTER;
}
