import type { SessionSettings } from "@nanoagent/models";
import { pruneConversations, removeConversation } from "./prune-conversations.js";

export interface StoredFoldersOptions {
  /** Whether the conversation with this name is open. */
  readonly isOpen: (name: string) => boolean;
  /** Current time, in milliseconds since 1970. */
  readonly now: () => number;
  /** Gets what is to say of the folders. Default: nobody. */
  readonly onNotice?: ((notice: string) => void) | undefined;
}

/** The folders of closed conversations: those that are being closed or removed, and those beyond the retention. */
export class StoredFolders {
  readonly #options: StoredFoldersOptions;
  readonly #leaving = new Map<string, Promise<unknown>>();
  #pruning: Promise<void> | null = null;
  #isPruneDue = false;
  #isClosed = false;
  /** Folder and number of the conversations of a newer version that were reported last. */
  #toldNewer = "";

  constructor(options: StoredFoldersOptions) {
    this.#options = options;
  }

  /** Notes that a conversation is being closed or removed. */
  noteLeaving(name: string, leaving: Promise<unknown>): void {
    this.#leaving.set(name, leaving);
    void leaving.then(() => {
      if (this.#leaving.get(name) === leaving) this.#leaving.delete(name);
    });
  }

  /** Resolves when the conversation with this name is neither being closed nor removed. */
  async whenLeft(name: string): Promise<void> {
    await this.#leaving.get(name);
  }

  /** Removes a closed conversation: see {@link removeConversation}. */
  remove(dir: string, name: string): Promise<boolean> {
    const removing = removeConversation(dir, name);
    this.noteLeaving(
      name,
      removing.catch(() => {}),
    );
    return removing;
  }

  /** Removes conversations beyond the retention, and then again if it was requested in the meantime. */
  pruneSoon(session: SessionSettings | null): void {
    if (session?.retention === undefined || this.#isClosed) return;
    this.#isPruneDue = true;
    if (this.#pruning !== null) return;
    const { dir, retention } = session;
    const { isOpen, now } = this.#options;
    const prune = async () => {
      while (this.#isPruneDue) {
        this.#isPruneDue = false;
        await pruneConversations(dir, retention, {
          now: now(),
          isOpen: (name) => isOpen(name) || this.#leaving.has(name),
          onRemove: (name, removing) => this.noteLeaving(name, removing),
          onNewer: ({ length }) => this.#tellNewer(dir, length),
        });
      }
      this.#pruning = null;
    };
    this.#pruning = prune();
  }

  /** Says once that conversations exceed the retention and stay, and again when their number has changed. */
  #tellNewer(dir: string, count: number): void {
    const told = `${count} ${dir}`;
    if (told === this.#toldNewer) return;
    this.#toldNewer = told;
    const conversations = count === 1 ? "1 conversation" : `${count} conversations`;
    this.#options.onNotice?.(
      `A newer version of nanoagent wrote ${conversations} below ${dir}. session.retention neither removes nor counts ` +
        "them. Update nanoagent, or remove their folders yourself.",
    );
  }

  /** Removes nothing more. Resolves when nothing is being closed or removed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#leaving.values()]);
    await this.#pruning;
  }
}
