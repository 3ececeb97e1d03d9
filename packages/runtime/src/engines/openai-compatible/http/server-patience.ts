import type { RemoteTimeouts } from "./remote-timeouts.js";

/** Pieces in a row whose waits are added up. */
const PACE_PIECES = 8;
/** Together they may take so many times what one may. */
const PACE_FACTOR = 2;

/** Says how long a server may still be waited for. Only time that is spent waiting for it counts. */
export class ServerPatience {
  readonly #timeouts: Pick<RemoteTimeouts, "firstPieceMilliseconds" | "nextPieceMilliseconds">;
  /** Waits for the newest pieces of the reply, the one that is under way last; the first piece is not among them. */
  #waits: number[] = [];
  #waited: number;
  #hasBegun = false;

  /** `waited` is what it took the server to answer at all. */
  constructor(timeouts: Pick<RemoteTimeouts, "firstPieceMilliseconds" | "nextPieceMilliseconds">, waited = 0) {
    this.#timeouts = timeouts;
    this.#waited = waited;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Milliseconds that are left until the next piece must be there. */
  get leftMilliseconds(): number {
    const { firstPieceMilliseconds: first, nextPieceMilliseconds: next } = this.#timeouts;
    if (!this.#hasBegun) return first - this.#waited;
    const before = this.#waits.reduce((sum, wait) => sum + wait, 0);
    return Math.min(next, PACE_FACTOR * next - before) - this.#waited;
  }

  /** Milliseconds since the newest piece. */
  get waitedMilliseconds(): number {
    return this.#waited;
  }

  addWait(milliseconds: number): void {
    this.#waited += milliseconds;
  }

  /** Notes that a piece of the reply has come. */
  notePiece(): void {
    if (this.#hasBegun) this.#waits = [...this.#waits, this.#waited].slice(1 - PACE_PIECES);
    this.#hasBegun = true;
    this.#waited = 0;
  }
}
