const MAX_ID = 65_535;

/** The numbers of packets that wait for the broker's answer. */
export class PacketIds {
  readonly #used = new Set<number>();
  #last = 0;

  /** Returns a number that nothing uses. There are always some: far fewer packets may wait. */
  take(): number {
    do this.#last = (this.#last % MAX_ID) + 1;
    while (this.#used.has(this.#last));
    this.#used.add(this.#last);
    return this.#last;
  }

  free(id: number): void {
    this.#used.delete(id);
  }
}
