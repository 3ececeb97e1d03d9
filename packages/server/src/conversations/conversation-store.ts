import type { ServedConversations, SessionSettings } from "@nanoagent/models";
import type { Agent, CallResults, Conversation, ConversationMessage } from "@nanoagent/runtime";
import { folderNameOf, randomFolderName } from "./conversation-folder.js";
import { type ConversationLimits, conversationLimits } from "./conversation-limits.js";
import { type Place, ServedConversation } from "./served-conversation.js";
import type { ShownReply } from "./shown-text.js";
import { StoredFolders } from "./stored-folders.js";
import { type RichHistory, VisibleChain } from "./visible-chain.js";
import { ClientHashes } from "./visible-message.js";
import { aborted, WaitingLine } from "./waiting-line.js";

/** Most bytes of a conversation's history in memory. The client has the rest. */
const MAX_HISTORY_BYTES = 512 * 1024;
/** Most bytes of all open conversations. */
const MAX_TOTAL_BYTES = 8 * 1024 * 1024;
/** Most messages that a client has seen of a conversation. A longer one is not kept open. */
const MAX_VISIBLE_MESSAGES = 4096;
/** Fewest messages that show that a history is the end of a conversation. A greeting could be the end of many. */
const MIN_END_MESSAGES = 4;
/** Longest delay that setTimeout accepts, in milliseconds. */
const MAX_TIMER_MILLISECONDS = 2 ** 31 - 1;

/** The parts of a request that find its conversation. */
export interface ConversationRequest {
  /** Ids that the client gives to its conversation. The first one finds it. */
  readonly conversationIds: readonly string[];
  /** The conversation that the client sent, without the last message. */
  readonly before: readonly ConversationMessage[];
  readonly message: string | CallResults;
}

/** A conversation that belongs to one turn until it is released. */
export interface OpenConversation {
  readonly conversation: Conversation;
  /** The message to answer. Results have the ids that the conversation has for the same calls. */
  readonly message: string | CallResults;
  /**
   * Gives the conversation back after the turn, with the reply as the client has seen it. Null: the conversation did not
   * keep the turn. `failure`: the code of the turn's error. Later calls do nothing.
   */
  release(shown: ShownReply | null, failure?: string | null): void;
}

export interface ConversationStoreOptions {
  /** Limits that replace those of the agent's config. */
  limits?: ServedConversations | undefined;
  /** Most bytes of a conversation's history in memory. Default: 512 KB. */
  maxHistoryBytes?: number | undefined;
  /** Most bytes of all open conversations. Default: 8 MB. */
  maxTotalBytes?: number | undefined;
  /** Receives what is to say of stored conversations, such as damage that was repaired. Default: nobody. */
  onNotice?: ((notice: string) => void) | undefined;
  /** Clock, in milliseconds since 1970. Default: the system's. */
  now?: (() => number) | undefined;
}

/** The place of one conversation. */
interface Slot {
  /** Key of the conversation, and name of its folder below `session.dir`. */
  readonly key: string;
  /** Whether its client gave it an id. Others are found by their history. */
  readonly isNamed: boolean;
  /** Null until it is open. */
  served: ServedConversation | null;
  /** Bytes that it counts for. */
  bytes: number;
  usedAt: number;
  isBusy: boolean;
}

/** A slot that belongs to a request, and the history with which its conversation begins if another one has more of it. */
interface Taken {
  readonly slot: Slot;
  readonly rich: RichHistory | null;
}

/**
 * The open conversations of clients that send their history with every request. However a conversation is found, it then
 * continues exactly the history that the client sent.
 *
 * - An id finds its conversation. If the client's history is not all that was shown of it, the conversation restarts: with
 *   its own messages as far as both agree, the agent's calls among them, and then with the client's.
 * - Without an id, the conversation with exactly this history is continued. If it is in use, or if only the beginning is
 *   the same, a new conversation starts in the same way. An empty history always starts a new conversation.
 * - A client that sends only its newest messages finds its conversation, too. It then restarts with these.
 * - Requests for one id run one after the other, in order.
 * - At most `max` conversations are open. The one that was used least recently is closed for another, and so are those
 *   that were idle for `idle_minutes`. While all are in use, requests wait.
 * - Without a session, a closed conversation is forgotten. With one, each has a folder below `session.dir`, and that of an
 *   id is opened again. The oldest folders beyond the session's retention are removed.
 */
export class ConversationStore {
  readonly #options: ConversationStoreOptions;
  readonly #now: () => number;
  /** By key, the one that was used least recently first. */
  readonly #slots = new Map<string, Slot>();
  /** Requests that wait for their conversation, or until another can be closed for it. */
  readonly #line = new WaitingLine<Taken>();
  readonly #folders: StoredFolders;
  #agent: Agent | null = null;
  #limits: ConversationLimits = { max: 0, idleMilliseconds: 0 };
  #session: SessionSettings | null = null;
  #bytes = 0;
  /** Number of conversations without an id and a folder so far. */
  #unnamed = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isClosed = false;

  constructor(options: ConversationStoreOptions = {}) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#folders = new StoredFolders({
      isOpen: (name) => this.#slots.has(name),
      now: this.#now,
      onNotice: options.onNotice,
    });
  }

  /** Number of open conversations. */
  get count(): number {
    return this.#slots.size;
  }

  /** Most conversations that are open at the same time. */
  get max(): number {
    return this.#limits.max;
  }

  /** Memory of the histories of the open conversations, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Prepares for requests to this agent: applies its config, and begins to remove stored conversations beyond the
   * retention. Conversations that are open move to it when they are used next. {@link open} does this when needed.
   */
  use(agent: Agent): void {
    if (this.#agent === agent) return;
    this.#agent = agent;
    this.#limits = conversationLimits(agent, this.#options.limits);
    this.#session = agent.config.session ?? null;
    this.#folders.pruneSoon(this.#session);
  }

  /**
   * Finds or opens the conversation of a request. Rejects with `aborted` when the signal aborts first, and with the errors
   * of `Agent.converse`, such as {@link SessionError} `session-in-use`.
   */
  async open(agent: Agent, request: ConversationRequest, signal?: AbortSignal): Promise<OpenConversation> {
    this.use(agent);
    const client = new ClientHashes(request.before);
    const id = request.conversationIds[0];
    const { slot, rich } = await this.#take(id === undefined ? null : folderNameOf(id), client, signal);
    let follows = false;
    try {
      const served = await this.#openServed(slot, agent, rich ?? client);
      if (this.#slots.get(slot.key) !== slot) {
        // The store was closed in the meantime.
        await served.close();
        throw aborted();
      }
      const message = await served.follow(client, request.message);
      follows = true;
      this.#count(slot);
      if (signal?.aborted) throw aborted();
      let isReleased = false;
      const release: OpenConversation["release"] = (shown, failure) => {
        if (isReleased) return;
        isReleased = true;
        served.note(message, shown, failure);
        this.#leave(slot);
      };
      return { conversation: served.conversation, message, release };
    } catch (error) {
      if (follows) this.#leave(slot);
      else this.#remove(slot);
      throw error;
    }
  }

  /**
   * Closes the conversation of an id, and ends its turn. With a session, its folder is removed: returns false if that
   * contains other files, and rejects if another program uses it.
   */
  async forget(id: string): Promise<boolean> {
    const key = folderNameOf(id);
    const slot = this.#slots.get(key);
    if (slot !== undefined) this.#remove(slot);
    await this.#folders.whenLeft(key);
    if (this.#session === null || this.#slots.has(key)) return true;
    return this.#folders.remove(this.#session.dir, key);
  }

  /** Closes all conversations, and ends their turns. Requests that wait are rejected with `aborted`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#line.refuse();
    for (const slot of [...this.#slots.values()]) this.#remove(slot);
    await this.#folders.close();
  }

  /** Takes the slot of a request, which then belongs to it. Waits for it if it must. */
  #take(key: string | null, client: ClientHashes, signal: AbortSignal | undefined): Taken | Promise<Taken> {
    if (this.#isClosed || signal?.aborted) throw aborted();
    const attempt = () => this.#tryTake(key, client);
    const taken = this.#line.has(key) ? null : attempt();
    return taken ?? this.#line.enter(key, attempt, signal);
  }

  /** Returns null if the slot, or every slot, is in use. */
  #tryTake(key: string | null, client: ClientHashes): Taken | null {
    const known = key === null ? this.#findExact(client) : (this.#slots.get(key) ?? null);
    if (known !== null) {
      if (known.isBusy) return null;
      known.isBusy = true;
      this.#touch(known);
      return { slot: known, rich: null };
    }
    if (!this.#hasRoom()) return null;
    // Before room is made: the conversation with the most of this history may be the one to close.
    const rich = key === null ? this.#richestFor(client) : null;
    this.#makeRoom();
    return { slot: this.#addSlot(key), rich };
  }

  /**
   * Finds the idle conversation without an id that has exactly this history, or ends with it: some clients send only
   * their newest messages.
   */
  #findExact(client: ClientHashes): Slot | null {
    let ending: Slot | null = null;
    const { length } = client.messages;
    if (length === 0) return null;
    for (const slot of this.#slots.values()) {
      const { served } = slot;
      if (slot.isNamed || slot.isBusy || served === null || served.visibleMessages < length) continue;
      if (served.isAll(client)) return slot;
      if (length >= MIN_END_MESSAGES && served.isEnd(client)) ending = slot;
    }
    return ending;
  }

  /** Returns the own history of the conversation without an id that shares most of this history, continued with it. */
  #richestFor(client: ClientHashes): RichHistory | null {
    if (client.messages.length === 0) return null;
    let best: ServedConversation | null = null;
    let most = 0;
    for (const { isNamed, served } of this.#slots.values()) {
      const common = isNamed || served === null ? 0 : served.sharedWith(client).common;
      if (common <= most) continue;
      most = common;
      best = served;
    }
    return best?.continueWith(client) ?? null;
  }

  #addSlot(key: string | null): Slot {
    const slot: Slot = {
      // Only a folder needs a name that nobody else has. No id has such a key.
      key: key ?? (this.#session === null ? `#${++this.#unnamed}` : randomFolderName()),
      isNamed: key !== null,
      served: null,
      bytes: 0,
      usedAt: this.#now(),
      isBusy: true,
    };
    this.#slots.set(slot.key, slot);
    return slot;
  }

  /** Opens the conversation of a slot, for this agent and its session. */
  async #openServed(slot: Slot, agent: Agent, history: RichHistory | ClientHashes): Promise<ServedConversation> {
    const { served, key, isNamed } = slot;
    const session = this.#session;
    const { maxHistoryBytes = MAX_HISTORY_BYTES } = this.#options;
    const place: Place = { session, folder: key, maxHistoryBytes };
    if (session !== null) await this.#folders.whenLeft(key);
    if (served !== null) {
      const isHere = served.agent === agent && served.place.session?.dir === session?.dir;
      if (isHere && !(await served.isLost())) return served;
      slot.served = null;
      slot.served = await served.moveTo(agent, place);
    } else if (session !== null && isNamed) slot.served = await ServedConversation.reopen(agent, place, session);
    else {
      const rich = history instanceof ClientHashes ? VisibleChain.historyOf(history) : history;
      slot.served = await ServedConversation.begin(agent, place, rich);
    }
    for (const notice of slot.served.conversation.notices) this.#options.onNotice?.(notice);
    return slot.served;
  }

  /** Ends the use of a slot, so that those who wait may use it. */
  #leave(slot: Slot): void {
    if (this.#slots.get(slot.key) !== slot) return;
    this.#count(slot);
    if ((slot.served?.visibleMessages ?? 0) > MAX_VISIBLE_MESSAGES) {
      this.#remove(slot);
      return;
    }
    this.#touch(slot);
    slot.isBusy = false;
    this.#line.serve();
    this.#closeBeyondBytes();
    this.#watchIdle();
  }

  #touch(slot: Slot): void {
    slot.usedAt = this.#now();
    this.#slots.delete(slot.key);
    this.#slots.set(slot.key, slot);
  }

  #count(slot: Slot): void {
    const bytes = slot.served?.bytes ?? 0;
    this.#bytes += bytes - slot.bytes;
    slot.bytes = bytes;
  }

  /** Whether there is room for another conversation, or an idle one can be closed for it. */
  #hasRoom(): boolean {
    if (this.#slots.size < this.#limits.max) return true;
    for (const { isBusy } of this.#slots.values()) if (!isBusy) return true;
    return false;
  }

  /** Closes the idle conversation that was used least recently if there are too many for another. */
  #makeRoom(): void {
    for (const slot of this.#slots.values()) {
      if (this.#slots.size < this.#limits.max) return;
      if (!slot.isBusy) this.#remove(slot);
    }
  }

  #closeBeyondBytes(): void {
    const most = this.#options.maxTotalBytes ?? MAX_TOTAL_BYTES;
    for (const slot of this.#slots.values()) {
      if (this.#bytes <= most) return;
      if (!slot.isBusy) this.#remove(slot);
    }
  }

  /** Closes a conversation. */
  #remove(slot: Slot): void {
    if (this.#slots.get(slot.key) !== slot) return;
    this.#slots.delete(slot.key);
    this.#bytes -= slot.bytes;
    const { served } = slot;
    if (served !== null) {
      // A folder that cannot be closed properly is repaired when it is opened again.
      const closing = served.close().catch(() => {});
      this.#folders.noteLeaving(slot.key, closing);
      if (served.place.session !== null) void closing.then(() => this.#folders.pruneSoon(this.#session));
    }
    this.#line.serve();
  }

  /** Closes conversations when they have been idle for long enough. */
  #watchIdle(): void {
    if (this.#timer !== null || this.#isClosed) return;
    const { idleMilliseconds } = this.#limits;
    let oldest = Number.POSITIVE_INFINITY;
    for (const { isBusy, usedAt } of this.#slots.values()) if (!isBusy) oldest = Math.min(oldest, usedAt);
    // The next conversation that becomes idle starts the timer.
    if (oldest === Number.POSITIVE_INFINITY) return;
    const wait = Math.max(1, oldest + idleMilliseconds - this.#now());
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        const before = this.#now() - idleMilliseconds;
        for (const slot of this.#slots.values()) if (!slot.isBusy && slot.usedAt <= before) this.#remove(slot);
        this.#watchIdle();
      },
      Math.min(wait, MAX_TIMER_MILLISECONDS),
    );
    this.#timer.unref?.();
  }
}
