/** Number of turns whose lengths count. */
const MAX_TURNS = 8;
/** Bounds of the advice to a client, in seconds. */
const MIN_SECONDS = 1;
const MAX_SECONDS = 60;

/** Estimates from recent turns when there is room for another one. */
export class TurnLengths {
  readonly #lengths: number[] = [];
  #lastEnd = Number.NEGATIVE_INFINITY;

  /** Notes a turn. Its wait for the turn before it does not count. Times are in milliseconds. */
  note(begunAt: number, endedAt: number): void {
    this.#lengths.push(Math.max(0, endedAt - Math.max(begunAt, this.#lastEnd)));
    if (this.#lengths.length > MAX_TURNS) this.#lengths.shift();
    this.#lastEnd = endedAt;
  }

  /** The mean length of recent turns in whole seconds, from 1 to 60. */
  get retrySeconds(): number {
    const sum = this.#lengths.reduce((total, length) => total + length, 0);
    const mean = this.#lengths.length === 0 ? 0 : sum / this.#lengths.length;
    return Math.min(MAX_SECONDS, Math.max(MIN_SECONDS, Math.ceil(mean / 1000)));
  }
}
