/** Memory for bodies that are being read, shared by all requests of an entrance. */
export class BodySpace {
  #bytes = 0;

  constructor(readonly limitBytes: number) {}

  /** Takes space for a piece of a body. Returns false if none is left. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.limitBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}
