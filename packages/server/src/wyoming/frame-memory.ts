/** Memory that every connection may have. Transcripts of people fit, whatever other peers do. */
const OWN_BYTES = 16 * 1024;
/** Most memory beyond that for all connections together: small computers run this. */
const SHARED_BYTES = 4 * 1024 * 1024;

/** Counts the memory for frames that are read, and for events that wait. */
export class FrameMemory {
  /** Bytes of each connection beyond its own. */
  readonly #shares = new Map<object, number>();
  #bytes = 0;

  /** Sets the memory of a connection. Returns false if it needs more than is left. */
  hold(connection: object, bytes: number): boolean {
    const share = Math.max(0, bytes - OWN_BYTES);
    this.#bytes += share - (this.#shares.get(connection) ?? 0);
    if (share === 0) this.#shares.delete(connection);
    else this.#shares.set(connection, share);
    return share === 0 || this.#bytes <= SHARED_BYTES;
  }
}
