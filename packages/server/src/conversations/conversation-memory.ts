import type { ConversationMessage } from "@nanoagent/runtime";
import type { ConversationLimits } from "./conversation-limits.js";

/** Most characters of a conversation. Small models read less. */
const MAX_CHARACTERS = 64 * 1024;
/** Characters that a longer conversation keeps. Its beginning changes then, so that a model reads it again: not each time. */
const KEPT_CHARACTERS = MAX_CHARACTERS / 2;

/** The part of a conversation that its peer has heard. */
interface Remembered {
  messages: ConversationMessage[];
  characters: number;
  usedAt: number;
  /** Resolves when the turns that have begun or wait have ended. */
  ended: Promise<void>;
  /** Number of these turns. */
  turns: number;
}

/** A turn of a conversation, which no other turn of it overlaps. */
export interface RememberedTurn {
  /** The messages before it. */
  readonly before: readonly ConversationMessage[];
  /** Ends the turn, with the message and the reply that the peer got, or without any. Safe to call twice. */
  end(said?: { message: string; reply: string }): void;
}

/**
 * The conversations of peers that never send their history, such as voice assistants. Turns of one conversation run one after the
 * other. The conversation that was used least recently is forgotten first, and one that was idle for too long.
 */
export class ConversationMemory {
  readonly #conversations = new Map<string, Remembered>();
  readonly #limits: () => ConversationLimits;
  readonly #now: () => number;

  /** `limits` returns those that apply now. */
  constructor(limits: () => ConversationLimits, now: () => number = Date.now) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Number of conversations. */
  get size(): number {
    return this.#conversations.size;
  }

  /** Waits for the earlier turns of a conversation, and begins one. */
  async begin(id: string): Promise<RememberedTurn> {
    const conversation = this.#use(id);
    const earlier = conversation.ended;
    let finish: () => void = () => {};
    const own = new Promise<void>((resolve) => {
      finish = resolve;
    });
    conversation.ended = earlier.then(() => own);
    conversation.turns += 1;
    await earlier;
    let isOver = false;
    return {
      before: [...conversation.messages],
      end: (said) => {
        if (isOver) return;
        isOver = true;
        conversation.turns -= 1;
        conversation.usedAt = this.#now();
        if (said !== undefined) this.#add(conversation, said);
        finish();
        this.#forget();
      },
    };
  }

  #use(id: string): Remembered {
    this.#forget();
    const known = this.#conversations.get(id);
    const conversation = known ?? { messages: [], characters: 0, usedAt: 0, ended: Promise.resolve(), turns: 0 };
    conversation.usedAt = this.#now();
    // Used last.
    this.#conversations.delete(id);
    this.#conversations.set(id, conversation);
    return conversation;
  }

  #add(conversation: Remembered, { message, reply }: { message: string; reply: string }): void {
    const timestamp = new Date(this.#now()).toISOString();
    conversation.messages.push({ role: "user", content: message, timestamp });
    conversation.messages.push({ role: "assistant", content: reply, timestamp });
    conversation.characters += message.length + reply.length;
    if (conversation.characters <= MAX_CHARACTERS) return;
    while (conversation.characters > KEPT_CHARACTERS) {
      for (const { content } of conversation.messages.splice(0, 2)) conversation.characters -= content.length;
    }
  }

  /** Forgets conversations that are idle, and those beyond the limit. */
  #forget(): void {
    const { max, idleMilliseconds } = this.#limits();
    const before = this.#now() - idleMilliseconds;
    for (const [id, { usedAt, turns }] of this.#conversations) {
      const isUnneeded = usedAt <= before || this.#conversations.size > max;
      if (isUnneeded && turns === 0) this.#conversations.delete(id);
    }
  }
}
