import type { JournalEntry, OtherRecord, WithoutSequence } from "./journal-record.js";
import type { MissingTurns } from "./journal-report.js";
import { findMissingTurns, turnOf } from "./session-state.js";

/**
 * Finds gaps in the turn numbers while a session's records are read in order. Turns before the first one read were
 * removed on purpose up to the number in the newest `pruned` record or header; the others are missing.
 */
export class TurnGaps {
  readonly #onMissing: (missing: MissingTurns) => void;
  #turns: number;
  #isLeading: boolean;
  #prunedTurns: number | undefined = 0;
  #leading: MissingTurns | null = null;

  /** `turns`: number of the turn before those that are read. `isLeading`: whether turns after that one may be lost. */
  constructor(turns: number, isLeading: boolean, onMissing: (missing: MissingTurns) => void) {
    this.#turns = turns;
    this.#isLeading = isLeading;
    this.#onMissing = onMissing;
  }

  add(record: JournalEntry | WithoutSequence<OtherRecord>): void {
    const missing = findMissingTurns(this.#turns, record);
    if (missing !== null) {
      this.#turns = missing.last_turn;
      if (!this.#isLeading) this.#onMissing(missing);
      else this.#leading = { first_turn: this.#leading?.first_turn ?? missing.first_turn, last_turn: this.#turns };
    }
    const turn = turnOf(record);
    if (turn !== null) {
      this.#turns = Math.max(this.#turns, turn);
      this.#isLeading = false;
    } else if (record.type === "segment") this.#prunedTurns = record.pruned_turns;
    else if (record.type === "pruned") this.#prunedTurns = Math.max(this.#prunedTurns ?? 0, record.through_turn);
  }

  /** Reports turns missing at the beginning, once all records were read. */
  end(): void {
    // Earlier versions did not record the removed turns.
    if (this.#leading === null || this.#prunedTurns === undefined) return;
    const { last_turn } = this.#leading;
    const first_turn = Math.max(this.#leading.first_turn, this.#prunedTurns + 1);
    if (first_turn <= last_turn) this.#onMissing({ first_turn, last_turn });
  }
}
