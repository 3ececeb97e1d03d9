import { StoredText } from "./browser-storage.js";

/** A message with the id that the service knows it by. */
export interface SentMessage {
  readonly id: string;
  readonly text: string;
}

/** The text in the field of a conversation, and the message before it that the service has not confirmed. */
export interface Draft {
  readonly text: string;
  readonly sent: (SentMessage & { readonly isWaiting: boolean }) | null;
}

const none: Draft = { text: "", sent: null };

/** The drafts of all conversations, which outlive a reload. Null stands for a new conversation. */
export class Drafts {
  readonly #stored = new StoredText("drafts", () => sessionStorage);
  readonly #drafts: Map<string, Draft>;

  constructor() {
    this.#drafts = new Map(read(this.#stored.value));
  }

  get(conversation: string | null): Draft {
    return this.#drafts.get(conversation ?? "") ?? none;
  }

  change(conversation: string | null, changes: Partial<Draft>): void {
    const draft = { ...this.get(conversation), ...changes };
    this.#drafts.delete(conversation ?? "");
    if (draft.text !== "" || draft.sent !== null) this.#drafts.set(conversation ?? "", draft);
    this.#stored.value = this.#drafts.size === 0 ? null : JSON.stringify([...this.#drafts]);
  }

  clear(): void {
    this.#drafts.clear();
    this.#stored.value = null;
  }
}

function read(text: string | null): [string, Draft][] {
  try {
    return JSON.parse(text ?? "[]");
  } catch {
    return [];
  }
}
