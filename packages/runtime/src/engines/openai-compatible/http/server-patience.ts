import type { RemoteTimeouts } from "./remote-timeouts.js";

/** Number of consecutive pieces whose waits are added up. */
const PACE_PIECES = 8;
/** Their total may be this many times the limit for one piece. */
const PACE_FACTOR = 2;

/** Tracks how long to keep waiting for a server. Only time spent waiting for it counts. */
export class ServerPatience {
  readonly #timeouts: Pick<RemoteTimeouts, "firstPieceMilliseconds" | "nextPieceMilliseconds">;
  /** Waits before the newest pieces of the reply, without the first piece and ending with the current wait. */
  #waits: number[] = [];
  #waited: number;
  #hasBegun = false;

  /** `waited` is the time until the server's response began. */
  constructor(timeouts: Pick<RemoteTimeouts, "firstPieceMilliseconds" | "nextPieceMilliseconds">, waited = 0) {
    this.#timeouts = timeouts;
    this.#waited = waited;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Milliseconds until the next piece must arrive. */
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

  /** Records that a piece of the reply has arrived. */
  notePiece(): void {
    if (this.#hasBegun) this.#waits = [...this.#waits, this.#waited].slice(1 - PACE_PIECES);
    this.#hasBegun = true;
    this.#waited = 0;
  }
}
