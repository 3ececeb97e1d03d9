import type { ConversationMessage } from "../engines/conversation-message.js";

/** The newest messages up to this size stay in memory; what is older leaves, whole turns at a time. */
export const MAX_HISTORY_BYTES = 4 * 1024 * 1024;

/** Room is made for this share at once, so that a full history does not move its list at every turn. */
const DROPPED_SHARE = 1 / 8;
/** What a message costs beside its text: the object, the timestamp, its place in the list. */
const MESSAGE_OVERHEAD_BYTES = 200;
/** JavaScript holds a text that is not Latin-1 in two bytes a character; the bound is for the worst case. */
const BYTES_PER_CHARACTER = 2;

/** The turns of one conversation that are held in memory, bounded. */
export class History {
  readonly #messages: ConversationMessage[] = [];
  /** Of each finished turn, oldest first: how many messages it has, and what they take. */
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

  /** The finished turns, for reading until the next one begins: the list itself, unless a turn is open. */
  get finished(): readonly ConversationMessage[] {
    return this.#openTurn === null ? this.#messages : this.messages;
  }

  /** How many turns have left to stay within the bound. */
  get droppedTurns(): number {
    return this.#droppedTurns;
  }

  /** Takes up turns that were held elsewhere, oldest first; `droppedTurns` says how many there were before them. */
  restore(turns: readonly (readonly ConversationMessage[])[], droppedTurns: number): void {
    this.#droppedTurns += droppedTurns;
    for (const turn of turns) {
      this.#messages.push(...turn);
      this.#count(turn);
    }
  }

  /** Begins a turn. Returns all messages with this one last: the list itself, for reading until the turn ends. */
  begin(message: ConversationMessage): readonly ConversationMessage[] {
    this.#openTurn = [message];
    this.#messages.push(message);
    return this.#messages;
  }

  /** Adds to the turn that was begun. */
  extend(message: ConversationMessage): void {
    this.#openTurn?.push(message);
    this.#messages.push(message);
  }

  /** Ends the turn with its reply. A turn that is larger than the bound by itself stays until the next one comes. */
  commit(reply: ConversationMessage): void {
    this.extend(reply);
    const turn = this.#openTurn ?? [reply];
    this.#openTurn = null;
    this.#count(turn);
  }

  /** Forgets the turn that was begun and not ended. */
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

/** What a message takes of the bound. */
export function memoryOf({ content, tool_calls }: ConversationMessage): number {
  const calls = tool_calls === undefined ? 0 : JSON.stringify(tool_calls).length;
  return MESSAGE_OVERHEAD_BYTES + (content.length + calls) * BYTES_PER_CHARACTER;
}
