import { ServiceError } from "../errors/service-error.js";
import type { OperatedAgent } from "../service/served-agent.js";
import { LiveConversation } from "./live-conversation.js";
import { conversationNotRemoved, conversationUnknown } from "./page-errors.js";
import type { PageConversation, PageTurn } from "./page-events.js";
import { type IndexEntry, newConversationId, PageIndex } from "./page-index.js";
import { readStoredFacts, readStoredTurns } from "./read-stored-turns.js";
import type { TurnChange } from "./reduce-turn.js";
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

/**
 * The conversations of the page, the one with the newest message first. With a session, they are the folders `page-…`
 * below `session.dir`, and turns are read when a conversation is opened. Without one, they are in memory, and the one that
 * was used least recently is forgotten beyond the limits.
 */
export class PageConversations {
  readonly #operated: OperatedAgent;
  readonly #options: PageConversationsOptions;
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

  /** Adds a message to a conversation, or begins one. Rejects as {@link LiveConversation.send} does. */
  async send(id: string | null, message: string): Promise<{ id: string; turn: PageTurn }> {
    await this.use();
    if (id === null) {
      const live = this.#newLive(newConversationId());
      const turn = await live.send(message);
      const entry = { id: live.id, title: titleOf(message), updatedAt: turn.at, live, opening: null };
      this.#entries = [entry, ...this.#entries];
      this.#changed();
      return { id: live.id, turn };
    }
    const entry = this.#entries.find((one) => one.id === id);
    const live = entry === undefined ? null : await this.#open(entry);
    if (entry === undefined || live === null || !this.#entries.includes(entry)) throw conversationUnknown();
    const turn = await live.send(message);
    entry.updatedAt = turn.at;
    this.#entries = [entry, ...this.#entries.filter((one) => one !== entry)];
    this.#changed();
    return { id, turn };
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
      if (!(await this.#operated.forget(id))) throw conversationNotRemoved("Its folder contains other files.");
    } catch (error) {
      this.#entries = [entry, ...this.#entries];
      if (error instanceof ServiceError) throw error;
      throw conversationNotRemoved("Another program uses its folder.", error);
    } finally {
      this.#changed();
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
    const stored = index === null ? [] : await readStored(index);
    const known = new Set(open.map(({ id }) => id));
    this.#entries = [...open, ...stored.filter(({ id }) => !known.has(id)).map(toEntry)];
    this.#limit();
  }

  #open(entry: Entry): Promise<LiveConversation | null> | LiveConversation {
    if (entry.live !== null) return entry.live;
    entry.opening ??= this.#load(entry).finally(() => {
      entry.opening = null;
    });
    return entry.opening;
  }

  async #load(entry: Entry): Promise<LiveConversation | null> {
    const stored =
      this.#index === null ? null : await readStoredTurns(this.#index.folderOf(entry.id)).catch(() => null);
    if (stored === null) {
      // The retention of the session, or somebody, has removed it.
      this.#entries = this.#entries.filter((one) => one !== entry);
      this.#changed();
      return null;
    }
    entry.live = this.#newLive(entry.id, stored);
    this.#limit(entry);
    return entry.live;
  }

  #newLive(id: string, stored: Partial<Awaited<ReturnType<typeof readStoredTurns>>> = {}): LiveConversation {
    const { answering } = this.#operated;
    return new LiveConversation({
      id,
      answering,
      now: () => this.#operated.now(),
      onChange: (turn, change) => this.#options.onTurn(id, turn, change),
      onTurnEnd: () => this.#changed(),
      ...stored,
    });
  }

  #changed(): void {
    this.#limit();
    this.#options.onList();
    void this.#index?.write(this.#entries);
  }

  /** Keeps the limits. `kept` stays in memory. */
  #limit(kept: Entry | null = null): void {
    const isFree = ({ id, live }: Entry) => live?.isBusy !== true && !this.#options.isShown(id);
    for (let last = this.#entries.length - 1; this.#entries.length > MAX_CONVERSATIONS && last >= 0; last--) {
      // A stored one is listed again when there is room.
      if (isFree(this.#entries[last] as Entry)) this.#entries.splice(last, 1);
    }
    let bytes = this.#entries.reduce((sum, { live }) => sum + (live?.bytes ?? 0), 0);
    for (const entry of this.#entries.toReversed()) {
      if (bytes <= MAX_BYTES) return;
      if (entry.live === null || entry === kept || !isFree(entry)) continue;
      bytes -= entry.live.bytes;
      entry.live = null;
      if (this.#index === null) this.#entries = this.#entries.filter((one) => one !== entry);
    }
  }
}

/**
 * Reads the list of a session folder: the file in its order, without folders that are gone, and folders that the file does
 * not have by their time. The clock may have been wrong, so that the order of the file counts more.
 */
async function readStored(index: PageIndex): Promise<IndexEntry[]> {
  const entries = await index.read();
  if (!index.isUsable) return [];
  const folders = await index.listFolders();
  const stored = entries.filter(({ id }) => folders.includes(id));
  const known = new Set(entries.map(({ id }) => id));
  const unknown = folders.filter((id) => !known.has(id)).slice(0, MAX_CONVERSATIONS);
  for (const id of unknown) {
    const facts = await readStoredFacts(index.folderOf(id)).catch(() => null);
    if (facts === null) continue;
    const older = stored.findIndex(({ updatedAt }) => updatedAt < facts.updatedAt);
    stored.splice(older < 0 ? stored.length : older, 0, { id, ...facts });
  }
  return stored;
}

function toEntry({ id, title, updatedAt }: IndexEntry): Entry {
  return { id, title, updatedAt, live: null, opening: null };
}
