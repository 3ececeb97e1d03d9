import { cutText } from "@nanoagent/models";
import {
  type IndexContent,
  MAX_ERROR_CHARACTERS,
  type NamedTurn,
  type TurnEnd,
  type UnfinishedTurn,
} from "./index-content.js";
import type { PageTurn } from "./page-events.js";

/** Most turns without a place in a journal. */
const MAX_UNFINISHED = 32;
/** Most bytes of their messages, as JSON. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** Most ids of turns in journals. */
const MAX_NAMED = 256;
/** Most of them that are written. */
const MAX_WRITTEN = 64;

const INTERRUPTED = {
  state: "failed",
  error: {
    message: "The service ended before the reply was complete. Send the message again if it is still needed.",
  },
} as const;

/** The facts about a turn of a journal that the journal does not have. */
export interface RecognizedTurn {
  readonly id: string;
  /** Null: the journal tells the end. */
  readonly end: TurnEnd | null;
}

/**
 * The turns that pages began: those that no journal has, with their messages, and those that are in one. Both are bounded. Of the unfinished ones, the oldest that have ended are dropped first.
 */
export class BegunTurns {
  #unfinished: UnfinishedTurn[] = [];
  #named: NamedTurn[] = [];

  /** Adds the turns of a file. Those that had not ended were interrupted. */
  restore({ unfinished, named }: IndexContent): void {
    const known = new Set([...this.#unfinished, ...this.#named].map(({ turn }) => turn));
    const isNew = ({ turn }: NamedTurn) => !known.has(turn);
    this.#named = [...named.filter(isNew), ...this.#named].slice(-MAX_NAMED);
    this.#unfinished = [...unfinished.filter(isNew).map(interrupted), ...this.#unfinished];
    this.#limit();
  }

  begin(conversation: string, { id, message, at }: PageTurn): void {
    this.#unfinished.push({ conversation, turn: id, message, at, end: null });
    this.#limit();
  }

  /** Notes the end of a turn. `keptAt`: time of its message in the journal, or null if it is in none. */
  end(conversation: string, { id, message, at, state, error }: PageTurn, keptAt: string | null): void {
    this.#unfinished = this.#unfinished.filter(({ turn }) => turn !== id);
    const isComplete = state !== "failed" && state !== "stopped";
    const end = isComplete
      ? null
      : { state, error: error && { message: cutText(error.message, MAX_ERROR_CHARACTERS) } };
    if (keptAt !== null) this.#name({ conversation, turn: id, at: keptAt, end });
    else if (end !== null) {
      this.#unfinished.push({ conversation, turn: id, message, at, end });
      this.#limit();
    }
  }

  /** Returns the conversation of a turn, or null for an unknown one. */
  find(id: string): string | null {
    const ofTurn = ({ turn }: NamedTurn) => turn === id;
    return (this.#unfinished.find(ofTurn) ?? this.#named.find(ofTurn))?.conversation ?? null;
  }

  has(conversation: string): boolean {
    return this.#unfinished.some((turn) => turn.conversation === conversation);
  }

  /** Whether a turn of the conversation was interrupted, so that its journal may have the beginning of it. */
  wasInterrupted(conversation: string): boolean {
    return this.#unfinished.some((turn) => turn.conversation === conversation && turn.end === INTERRUPTED);
  }

  /**
   * Returns the id and the end of a turn of a journal that is not among the taken ones: those of the turn with the same
   * time. Else, for a turn that was cut off, those of the newest one before it with the same message that failed or was
   * stopped, and the id of one that was interrupted. Null for any other turn.
   */
  recognize(
    conversation: string,
    { message, at, state }: Pick<PageTurn, "message" | "at" | "state">,
    taken: ReadonlySet<string>,
  ): RecognizedTurn | null {
    const isFree = (turn: NamedTurn) => turn.conversation === conversation && !taken.has(turn.turn);
    const named = this.#named.find((turn) => isFree(turn) && turn.at === at);
    if (named !== undefined) return { id: named.turn, end: named.end };
    const same = this.#unfinished.filter((turn) => isFree(turn) && turn.message === message && turn.at <= at);
    const interrupted = same.find(({ end }) => end === INTERRUPTED);
    if (interrupted !== undefined) return { id: interrupted.turn, end: null };
    // It is in the journal if it called a tool that changes something.
    const cutOff = state === "stopped" ? same.findLast(({ end }) => end !== null) : undefined;
    return cutOff === undefined ? null : { id: cutOff.turn, end: cutOff.end };
  }

  /** Notes that the journal has a turn, so that it is not unfinished. */
  noteStored({ id, at }: PageTurn): void {
    const found = this.#unfinished.find(({ turn }) => turn === id);
    if (found === undefined) return;
    this.#unfinished = this.#unfinished.filter((turn) => turn !== found);
    this.#name({ conversation: found.conversation, turn: id, at, end: found.end === INTERRUPTED ? null : found.end });
  }

  /** The turns of a conversation that no journal has, as pages show them. Those that run are not among them. */
  missingFrom(conversation: string): PageTurn[] {
    return this.#unfinished.flatMap(({ conversation: own, turn: id, message, at, end }) =>
      own === conversation && end !== null ? [{ id, message, at, ...end, parts: [], note: null }] : [],
    );
  }

  /** Drops the turns of a conversation. */
  forget(conversation: string): void {
    this.keepOnly((id) => id !== conversation);
  }

  /** Drops the turns of other conversations. */
  keepOnly(isKept: (conversation: string) => boolean): void {
    this.#unfinished = this.#unfinished.filter(({ conversation }) => isKept(conversation));
    this.#named = this.#named.filter(({ conversation }) => isKept(conversation));
  }

  /** The part that is written. */
  get content(): Pick<IndexContent, "unfinished" | "named"> {
    const unfinished = this.#unfinished.map((turn) => (turn.end === INTERRUPTED ? { ...turn, end: null } : turn));
    return { unfinished, named: this.#named.slice(-MAX_WRITTEN) };
  }

  #name(turn: NamedTurn): void {
    this.#named = [...this.#named, turn].slice(-MAX_NAMED);
  }

  #limit(): void {
    let bytes = this.#unfinished.reduce((sum, turn) => sum + bytesOf(turn), 0);
    while (this.#unfinished.length > MAX_UNFINISHED || bytes > MAX_MESSAGE_BYTES) {
      const index = Math.max(
        0,
        this.#unfinished.findIndex(({ end }) => end !== null),
      );
      const [dropped] = this.#unfinished.splice(index, 1);
      if (dropped !== undefined) bytes -= bytesOf(dropped);
    }
  }
}

function interrupted(turn: UnfinishedTurn): UnfinishedTurn {
  return turn.end === null ? { ...turn, end: INTERRUPTED } : turn;
}

function bytesOf({ message }: UnfinishedTurn): number {
  return new TextEncoder().encode(JSON.stringify(message)).byteLength;
}
