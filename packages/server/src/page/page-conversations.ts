import { ServiceError } from "../errors/service-error.js";
import type { OperatedAgent } from "../service/served-agent.js";
import { BegunTurns } from "./begun-turns.js";
import { finishStoredTurn } from "./finish-stored-turn.js";
import { type IndexEntry, newConversationId } from "./index-content.js";
import { LiveConversation, type LiveConversationOptions } from "./live-conversation.js";
import { conversationNotRemoved, conversationUnknown } from "./page-errors.js";
import type { PageConversation, PageTurn } from "./page-events.js";
import { PageIndex } from "./page-index.js";
import { type RecognizeTurn, readStoredFacts, readStoredTurns } from "./read-stored-turns.js";
import type { TurnChange } from "./reduce-turn.js";
import { ShownTurns } from "./shown-turns.js";
import { titleOf } from "./title-of.js";

/** Most conversations in the list. */
const MAX_CONVERSATIONS = 64;
/** Most bytes of the conversations in memory. Those that run or are shown stay in any case. */
const MAX_BYTES = 4 * 1024 * 1024;

interface Entry {
  readonly id: string;
  readonly title: string;
  updatedAt: string;
  /** Null until it is opened. */
  live: LiveConversation | null;
  /** Reads it from disk. */
  opening: Promise<LiveConversation | null> | null;
}

export interface PageConversationsOptions {
  /** Called when the list has changed. */
  readonly onList: () => void;
  /** Called after every change of a turn. */
  readonly onTurn: (id: string, turn: PageTurn, change: TurnChange) => void;
  /** Whether a page shows the conversation. */
  readonly isShown: (id: string) => boolean;
}

/** A message that was sent, with its conversation. */
export interface SentMessage {
  readonly id: string;
  readonly turn: PageTurn;
}

/**
 * The conversations of the page, the one with the newest message first. With a session, they are the folders `page-…`
 * below `session.dir`, and turns are read when a conversation is opened. Without one, they are in memory, and the one that
 * was used least recently is forgotten beyond the limits.
 */
export class PageConversations {
  readonly #operated: OperatedAgent;
  readonly #options: PageConversationsOptions;
  readonly #begun = new BegunTurns();
  /** Messages that are being sent, by the ids of their turns. */
  readonly #sending = new Map<string, Promise<SentMessage>>();
  #entries: Entry[] = [];
  #index: PageIndex | null = null;
  /** Session folder of the entries. Undefined before the first use. */
  #dir: string | null | undefined;
  #ready: Promise<void> = Promise.resolve();

  constructor(operated: OperatedAgent, options: PageConversationsOptions) {
    this.#operated = operated;
    this.#options = options;
  }

  /** Newest first. Complete after {@link use}. */
  list(): PageConversation[] {
    return this.#entries.map(({ id, title, updatedAt, live }) => ({
      id,
      title,
      updated_at: updatedAt,
      is_busy: live?.isBusy ?? false,
    }));
  }

  /** Reads the list, at the start and after the session folder of the agent has changed. Never rejects. */
  use(): Promise<void> {
    const dir = this.#operated.agent.config.session?.dir ?? null;
    if (dir !== this.#dir) {
      this.#dir = dir;
      this.#ready = this.#ready.then(() => this.#read(dir));
    }
    return this.#ready;
  }

  /** Returns a conversation with its turns, or null for an unknown one. */
  async open(id: string | null): Promise<{ title: string; live: LiveConversation } | null> {
    await this.use();
    const entry = this.#entries.find((one) => one.id === id);
    if (entry === undefined) return null;
    const live = await this.#open(entry);
    return live === null || !this.#entries.includes(entry) ? null : { title: entry.title, live };
  }

  /**
   * Adds a message to a conversation, or begins one. Resolves when the message is on disk, if there is a session. A turn
   * with an id that is known already does not begin again. Rejects as {@link LiveConversation.send} does.
   */
  send(id: string | null, message: string, turnId: string = crypto.randomUUID()): Promise<SentMessage> {
    const same = this.#sending.get(turnId);
    if (same !== undefined) return same;
    const sending = this.#sendOnce(id, message, turnId).finally(() => this.#sending.delete(turnId));
    this.#sending.set(turnId, sending);
    return sending;
  }

  async #sendOnce(id: string | null, message: string, turnId: string): Promise<SentMessage> {
    await this.use();
    const earlier = await this.#findSent(message, turnId);
    if (earlier !== null) return earlier;
    let entry = this.#entries.find((one) => one.id === id);
    let turn: PageTurn;
    if (id === null) {
      const live = this.#newLive(newConversationId());
      turn = await live.send(message, turnId);
      entry = { id: live.id, title: titleOf(message), updatedAt: turn.at, live, opening: null };
    } else {
      const live = entry === undefined ? null : await this.#open(entry);
      if (entry === undefined || live === null || !this.#entries.includes(entry)) throw conversationUnknown();
      turn = await live.send(message, turnId);
      entry.updatedAt = turn.at;
    }
    this.#entries = [entry as Entry, ...this.#entries.filter((one) => one !== entry)];
    await this.#changed();
    return { id: (entry as Entry).id, turn };
  }

  /** Returns the turn that has an id already, or null. */
  async #findSent(message: string, turnId: string): Promise<SentMessage | null> {
    // Turns that run or wait are always here; of many long ones, others may have been dropped.
    for (const { id, live } of this.#entries) {
      const turn = live?.turns.list.find((one) => one.id === turnId);
      if (turn !== undefined) return { id, turn };
    }
    const id = this.#begun.find(turnId);
    const open = id === null ? null : await this.open(id);
    if (open === null) return null;
    const { live } = open;
    const turn = live.turns.list.find((one) => one.id === turnId);
    // It is older than the turns that are shown.
    const old = {
      id: turnId,
      message,
      at: new Date(0).toISOString(),
      state: "done",
      parts: [],
      error: null,
      note: null,
    };
    return { id: live.id, turn: turn ?? (old as PageTurn) };
  }

  /** Aborts the turns of a conversation. Returns their number. */
  async stop(id: string): Promise<number> {
    await this.use();
    const entry = this.#entries.find((one) => one.id === id);
    if (entry === undefined) throw conversationUnknown();
    return entry.live?.stop() ?? 0;
  }

  /** Ends the turns of a conversation, and removes it, also from disk. */
  async remove(id: string): Promise<void> {
    await this.use();
    const entry = this.#entries.find((one) => one.id === id);
    if (entry === undefined) throw conversationUnknown();
    this.#entries = this.#entries.filter((one) => one !== entry);
    this.#options.onList();
    await entry.opening;
    await entry.live?.close();
    // It begins again from disk if it cannot be removed.
    if (this.#index !== null) entry.live = null;
    try {
      if (!(await this.#operated.forget(id))) {
        const hint = "Look at what is in it, below session.dir of the config.";
        throw conversationNotRemoved("Its folder contains other files.", hint);
      }
      this.#begun.forget(id);
    } catch (error) {
      this.#entries = [entry, ...this.#entries];
      if (error instanceof ServiceError) throw error;
      const hint = "End that program, and remove the conversation again.";
      throw conversationNotRemoved("Another program uses its folder.", hint, error);
    } finally {
      void this.#changed();
    }
  }

  /** Resolves when the last turns have ended and the list is written. No turn may begin any longer. */
  async close(): Promise<void> {
    await Promise.all(this.#entries.map(({ live }) => live?.whenIdle()));
    await this.#index?.whenWritten();
  }

  async #read(dir: string | null): Promise<void> {
    const index = dir === null ? null : new PageIndex(dir, this.#operated.log);
    this.#index = index;
    // Conversations in memory continue wherever the agent keeps its sessions now.
    const open = this.#entries.filter(({ live }) => live !== null);
    const stored = index === null ? [] : await this.#readStored(index);
    const known = new Set(open.map(({ id }) => id));
    this.#entries = [...open, ...stored.filter(({ id }) => !known.has(id)).map(toEntry)];
    this.#limit();
    const listed = new Set(this.#entries.map(({ id }) => id));
    this.#begun.keepOnly((id) => listed.has(id));
  }

  /**
   * Reads the list of a session folder: the file in its order, without folders that are gone, and folders that the file
   * does not have by their time. The clock may have been wrong, so that the order of the file counts more.
   */
  async #readStored(index: PageIndex): Promise<IndexEntry[]> {
    const content = await index.read();
    if (!index.isUsable) return [];
    this.#begun.restore(content);
    const folders = await index.listFolders();
    const stored = content.entries.filter(({ id }) => folders.includes(id) || this.#begun.has(id));
    const known = new Set(content.entries.map(({ id }) => id));
    let found = 0;
    for (const id of folders) {
      if (known.has(id)) continue;
      if (found === MAX_CONVERSATIONS) break;
      const facts = await readStoredFacts(index.folderOf(id)).catch(() => null);
      if (facts === null) {
        await this.#removeLeftover(index, id);
        continue;
      }
      found += 1;
      const older = stored.findIndex(({ updatedAt }) => updatedAt < facts.updatedAt);
      stored.splice(older < 0 ? stored.length : older, 0, { id, ...facts });
    }
    return stored;
  }

  /** Removes the folder of a conversation that kept no turn, which nobody would see. */
  async #removeLeftover(index: PageIndex, id: string): Promise<void> {
    if (!(await index.isLeftover(id))) return;
    // Another program may use it.
    await this.#operated.forget(id).catch(() => false);
  }

  #open(entry: Entry): Promise<LiveConversation | null> | LiveConversation {
    if (entry.live !== null) return entry.live;
    entry.opening ??= this.#load(entry).finally(() => {
      entry.opening = null;
    });
    return entry.opening;
  }

  async #load(entry: Entry): Promise<LiveConversation | null> {
    const { id } = entry;
    const index = this.#index;
    const recognize: RecognizeTurn = (turn, taken) => this.#begun.recognize(id, turn, taken);
    if (index !== null && this.#begun.wasInterrupted(id)) {
      await finishStoredTurn(this.#operated.agent, index.folderOf(id));
    }
    const stored = index === null ? null : await readStoredTurns(index.folderOf(id), recognize).catch(() => null);
    for (const turn of stored?.turns.list ?? []) this.#begun.noteStored(turn);
    const missing = this.#begun.missingFrom(id);
    if (stored === null && missing.length === 0) {
      // The retention of the session, or somebody, has removed it.
      this.#entries = this.#entries.filter((one) => one !== entry);
      if (index !== null) await this.#removeLeftover(index, id);
      void this.#changed();
      return null;
    }
    const turns = stored?.turns ?? new ShownTurns();
    for (const turn of missing) turns.insert(turn);
    entry.live = this.#newLive(id, { ...stored, turns });
    this.#limit(entry);
    return entry.live;
  }

  #newLive(id: string, stored: Pick<LiveConversationOptions, "turns" | "history"> = {}): LiveConversation {
    return new LiveConversation({
      id,
      answering: this.#operated.answering,
      now: () => this.#operated.now(),
      onTurnBegin: (turn) => this.#begun.begin(id, turn),
      onChange: (turn, change) => this.#options.onTurn(id, turn, change),
      onTurnEnd: (turn, keptAt) => {
        this.#begun.end(id, turn, keptAt);
        void this.#changed();
      },
      ...stored,
    });
  }

  /** Tells pages the list, and writes it. Resolves when it is written. Never rejects. */
  #changed(): Promise<void> {
    this.#limit();
    this.#options.onList();
    return this.#index?.write({ entries: this.#entries, ...this.#begun.content }) ?? Promise.resolve();
  }

  /** Keeps the limits. `kept` stays in memory. */
  #limit(kept: Entry | null = null): void {
    const isFree = ({ id, live }: Entry) => live?.isBusy !== true && !this.#options.isShown(id);
    for (let last = this.#entries.length - 1; this.#entries.length > MAX_CONVERSATIONS && last >= 0; last--) {
      // A stored one is listed again after the next start, if there is room.
      if (isFree(this.#entries[last] as Entry)) this.#entries.splice(last, 1);
    }
    let bytes = this.#entries.reduce((sum, { live }) => sum + (live?.bytes ?? 0), 0);
    for (const entry of this.#entries.toReversed()) {
      if (bytes <= MAX_BYTES) return;
      if (entry.live === null || entry === kept || !isFree(entry)) continue;
      bytes -= entry.live.bytes;
      entry.live = null;
      if (this.#index !== null) continue;
      this.#entries = this.#entries.filter((one) => one !== entry);
      this.#begun.forget(entry.id);
    }
  }
}

function toEntry({ id, title, updatedAt }: IndexEntry): Entry {
  return { id, title, updatedAt, live: null, opening: null };
}
