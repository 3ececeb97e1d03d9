import { stat } from "node:fs/promises";
import path from "node:path";
import type { SessionSettings } from "@nanoagent/models";
import type { Agent, CallResults, Conversation, ConversationMessage } from "@nanoagent/runtime";
import { readStoredChain } from "./read-stored-chain.js";
import type { ShownReply } from "./shown-text.js";
import { type RichHistory, type SharedPart, VisibleChain } from "./visible-chain.js";
import type { ClientHashes } from "./visible-message.js";

/** Memory of an open conversation without messages. */
const CONVERSATION_BYTES = 8 * 1024;
/** Memory of a message besides its text, as the runtime counts it. */
const MESSAGE_BYTES = 200;
const BYTES_PER_CHARACTER = 2;

/** Errors of turns after which a conversation is opened again. */
const FOLDER_FAILURES: readonly string[] = [
  "session-not-saved",
  "session-unreadable",
  "session-in-use",
  "session-closed",
];

/** Where a conversation is kept. */
export interface Place {
  /** Settings of the folder of all conversations, or null for memory only. */
  readonly session: SessionSettings | null;
  /** Name of the conversation's folder in it. */
  readonly folder: string;
  /** Most bytes of the history in memory. */
  readonly maxHistoryBytes: number;
}

/** An open conversation of the agent, and what its client has seen of it. */
export class ServedConversation {
  readonly agent: Agent;
  readonly conversation: Conversation;
  readonly place: Place;
  #chain: VisibleChain;
  /** Number of messages that the history has dropped from memory. */
  #dropped: number;
  /** Number of messages in memory, and the last one, when the chain was brought up to date. */
  #length: number;
  #last: ConversationMessage | undefined;
  #historyBytes: number;
  /** Whether its last turn failed because of its folder. */
  #hasFailed = false;

  private constructor(agent: Agent, conversation: Conversation, place: Place, chain: VisibleChain, messages: number) {
    this.agent = agent;
    this.conversation = conversation;
    this.place = place;
    this.#chain = chain;
    const { history } = conversation;
    this.#length = history.length;
    this.#last = history.at(-1);
    this.#dropped = Math.max(0, messages - history.length);
    this.#historyBytes = bytesOf(history);
  }

  /** Opens a conversation with this history. On disk, it becomes a new conversation of its folder. */
  static async begin(agent: Agent, place: Place, { messages, chain }: RichHistory): Promise<ServedConversation> {
    const conversation = await converse(agent, place, messages, chain.turnStarts);
    return new ServedConversation(agent, conversation, place, chain, messages.length);
  }

  /** Opens the conversation that is stored in its folder, or an empty one. */
  static async reopen(agent: Agent, place: Place, session: SessionSettings): Promise<ServedConversation> {
    const settings = settingsOf(place, session);
    const { maxHistoryBytes } = place;
    const conversation = await agent.converse({ session: settings, maxHistoryBytes });
    try {
      const { chain, messages } = await readStoredChain(conversation.readTurns());
      const { history, droppedTurns } = conversation;
      const agrees = droppedTurns === 0 ? messages === history.length : messages >= history.length;
      if (agrees) return new ServedConversation(agent, conversation, place, chain, messages);
      // Such as damage that was found between two readings. The client has everything.
      await conversation.restart([]);
      return new ServedConversation(agent, conversation, place, new VisibleChain(), 0);
    } catch (error) {
      await conversation.close().catch(() => {});
      throw error;
    }
  }

  /** Memory of the conversation. */
  get bytes(): number {
    return CONVERSATION_BYTES + this.#historyBytes + this.#chain.bytes;
  }

  /** Number of messages that the client has seen. */
  get visibleMessages(): number {
    return this.#chain.length;
  }

  /** Whether a client's history is the whole conversation. */
  isAll(client: ClientHashes): boolean {
    const { length } = this.#chain;
    return length === client.messages.length && this.sharedWith(client).common === length;
  }

  /** Whether a client's history is the end of the conversation: the client sends only its newest messages. */
  isEnd(client: ClientHashes): boolean {
    const { from, common } = this.sharedWith(client);
    return common === client.messages.length && from + common === this.#chain.length;
  }

  sharedWith(client: ClientHashes): SharedPart {
    return this.#chain.sharedWith(client);
  }

  /** Returns the own history of what a client's history shares with this conversation, and then the client's. */
  continueWith(client: ClientHashes): RichHistory {
    const own = this.conversation.history;
    // A turn may have ended that the chain does not have yet.
    const dropped = this.#dropped + this.#droppedSince(own);
    return this.#chain.continueWith(client, this.sharedWith(client), { own, dropped });
  }

  /**
   * Makes the conversation continue a client's history. Returns the message with the own ids of calls. If this rejects,
   * the conversation cannot be used any longer.
   */
  async follow(client: ClientHashes, message: string | CallResults): Promise<string | CallResults> {
    const isKnown = this.#isKnown;
    if (!isKnown || !this.isAll(client)) {
      const { messages, chain } = isKnown ? this.continueWith(client) : VisibleChain.historyOf(client);
      await this.conversation.restart(messages, { turnStarts: chain.turnStarts });
      const { history } = this.conversation;
      this.#chain = chain;
      this.#dropped = messages.length - history.length;
      this.#length = history.length;
      this.#last = history.at(-1);
      this.#historyBytes = bytesOf(history);
    }
    return this.#chain.ownResults(message, client.messages);
  }

  /**
   * Whether the conversation must be opened again, because its folder is gone or cannot be written by it. The client has
   * everything.
   */
  async isLost(): Promise<boolean> {
    const { session, folder } = this.place;
    if (session === null) return false;
    if (this.#hasFailed) return true;
    return stat(path.join(session.dir, folder)).then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === "ENOENT",
    );
  }

  /**
   * Notes the end of a turn: what its client has seen, or null if it saw nothing of a reply. `failure`: the code of the
   * error that it ended with.
   */
  note(message: string | CallResults, shown: ShownReply | null, failure: string | null = null): void {
    this.#hasFailed = failure !== null && FOLDER_FAILURES.includes(failure);
    const { history } = this.conversation;
    const begun = this.#dropped + this.#length;
    const dropped = this.#droppedSince(history);
    const kept = this.#length - dropped;
    this.#historyBytes = dropped > 0 ? bytesOf(history) : this.#historyBytes + bytesOf(history.slice(kept));
    this.#dropped += dropped;
    this.#length = history.length;
    this.#last = history.at(-1);
    const end = this.#dropped + this.#length;
    if (shown !== null) this.#chain.addTurn(message, shown, { begun, end });
    else if (end > begun) this.#chain.beginTurn(begun);
  }

  /** Closes this conversation, and opens it again with another agent or at another place. */
  async moveTo(agent: Agent, place: Place): Promise<ServedConversation> {
    // A folder that cannot be closed properly is repaired when it is opened again.
    await this.close().catch(() => {});
    const { session } = place;
    const isSameFolder = session !== null && session.dir === this.place.session?.dir;
    if (isSameFolder) return ServedConversation.reopen(agent, place, session);
    const { history } = this.conversation;
    const turnStarts = this.#chain.turnStarts.map((begun) => begun - this.#dropped).filter((index) => index >= 0);
    const conversation = await converse(agent, place, history, turnStarts);
    return new ServedConversation(agent, conversation, place, this.#chain, this.#dropped + history.length);
  }

  close(): Promise<void> {
    return this.conversation.close();
  }

  /** Whether the history is the one that the chain was last brought up to date with. */
  get #isKnown(): boolean {
    const { history } = this.conversation;
    if (history.length !== this.#length || history.at(-1) !== this.#last) return false;
    return this.#chain.length === 0 || (this.#length > 0 && this.#chain.end <= this.#dropped + this.#length);
  }

  /** Returns how many messages the history has lost at its beginning since the chain was brought up to date. */
  #droppedSince(history: readonly ConversationMessage[]): number {
    if (this.#last === undefined) return 0;
    const index = history.lastIndexOf(this.#last);
    return index < 0 ? this.#length : this.#length - 1 - index;
  }
}

/** Opens a conversation in which these messages were said. */
async function converse(
  agent: Agent,
  place: Place,
  messages: readonly ConversationMessage[],
  turnStarts: readonly number[],
): Promise<Conversation> {
  const { session, maxHistoryBytes } = place;
  if (session === null) return agent.converse({ before: messages, maxHistoryBytes });
  const conversation = await agent.converse({ session: settingsOf(place, session), maxHistoryBytes });
  if (messages.length === 0 && conversation.history.length === 0) return conversation;
  try {
    await conversation.restart(messages, { turnStarts });
    return conversation;
  } catch (error) {
    await conversation.close().catch(() => {});
    throw error;
  }
}

function settingsOf({ folder }: Place, session: SessionSettings): SessionSettings {
  return { ...session, dir: path.join(session.dir, folder) };
}

function bytesOf(messages: readonly ConversationMessage[]): number {
  let bytes = 0;
  for (const { content, tool_calls } of messages) {
    const calls = tool_calls === undefined ? 0 : JSON.stringify(tool_calls).length;
    bytes += MESSAGE_BYTES + (content.length + calls) * BYTES_PER_CHARACTER;
  }
  return bytes;
}
