import type { PageTurn } from "./page-events.js";

/** Most turns of a conversation that pages show. */
const MAX_TURNS = 100;
/** Most characters of them, unless the newest turn alone has more. A page gets all of them at once. */
const MAX_CHARACTERS = 512 * 1024;

/** The newest turns of a conversation, as pages show them. */
export class ShownTurns {
  #turns: PageTurn[] = [];
  #hasOlder = false;

  /** Oldest first. */
  get list(): readonly PageTurn[] {
    return this.#turns;
  }

  /** Whether there were turns before these. */
  get hasOlder(): boolean {
    return this.#hasOlder;
  }

  get isEmpty(): boolean {
    return this.#turns.length === 0;
  }

  get characters(): number {
    return this.#turns.reduce((sum, turn) => sum + lengthOf(turn), 0);
  }

  noteOlder(): void {
    this.#hasOlder = true;
  }

  /** Adds a turn, or replaces the one with its id. Beyond the limits, the oldest turns that have ended are dropped. */
  put(turn: PageTurn): void {
    const index = this.#turns.findLastIndex(({ id }) => id === turn.id);
    if (index < 0) this.#turns.push(turn);
    else this.#turns[index] = turn;
    if (hasEnded(turn)) this.#drop();
  }

  /** Adds an ended turn at its place in time, unless that is before the turns that are shown. */
  insert(turn: PageTurn): void {
    const later = this.#turns.findIndex(({ at }) => at > turn.at);
    if (later === 0 && this.#hasOlder) return;
    this.#turns.splice(later < 0 ? this.#turns.length : later, 0, turn);
    this.#drop();
  }

  #drop(): void {
    let characters = this.characters;
    let dropped = 0;
    while (
      this.#turns.length - dropped > 1 &&
      (this.#turns.length - dropped > MAX_TURNS || characters > MAX_CHARACTERS)
    ) {
      const oldest = this.#turns[dropped] as PageTurn;
      if (!hasEnded(oldest)) break;
      characters -= lengthOf(oldest);
      dropped += 1;
    }
    if (dropped === 0) return;
    this.#turns = this.#turns.slice(dropped);
    this.#hasOlder = true;
  }
}

function hasEnded({ state }: PageTurn): boolean {
  return state !== "waiting" && state !== "running";
}

function lengthOf({ message, parts }: PageTurn): number {
  let characters = message.length;
  for (const part of parts) {
    characters += part.type === "text" ? part.text.length : part.arguments.length + (part.result?.length ?? 0);
  }
  return characters;
}
