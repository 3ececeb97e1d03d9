import { bodiesTooMany } from "./body-errors.js";
import { LargeBodies } from "./large-bodies.js";

/** Bodies above this length are parsed one at a time, and keep their space until their request is answered. */
const LARGE_BYTES = 65_536;

/** Memory for bodies, shared by all requests of an entrance. As much again is for the values of large bodies. */
export class BodySpace {
  readonly #large: LargeBodies;
  #bytes = 0;

  constructor(readonly limitBytes: number) {
    this.#large = new LargeBodies(limitBytes);
  }

  /** Opens the share of a request. It must be released when the request is answered. */
  open(): BodyShare {
    return new BodyShare(this, this.#large);
  }

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

/** Space of one request: for the pieces of its body, and for the values in it. */
export class BodyShare {
  readonly #space: BodySpace;
  readonly #large: LargeBodies;
  #rawBytes = 0;
  #parsedBytes = 0;
  #isReleased = false;

  constructor(space: BodySpace, large: LargeBodies) {
    this.#space = space;
    this.#large = large;
  }

  /** Takes space for a piece of the body. Returns false if none is left. */
  take(bytes: number): boolean {
    if (this.#isReleased || !this.#space.take(bytes)) return false;
    this.#rawBytes += bytes;
    return true;
  }

  /**
   * Parses a body, a large one after the others. `parsedBytes` is the memory of its values. Rejects with
   * {@link ServiceError} `body-refused` (503) if no space for them becomes free in time.
   */
  async parse<Value>(bytes: Uint8Array, parsedBytes: number, parse: (bytes: Uint8Array) => Value): Promise<Value> {
    try {
      if (bytes.byteLength <= LARGE_BYTES) return parse(bytes);
      if (!(await this.#large.enter(parsedBytes))) throw bodiesTooMany();
      this.#parsedBytes = parsedBytes;
      if (this.#isReleased) this.#giveParsed();
      try {
        return parse(bytes);
      } finally {
        this.#large.leaveLine();
      }
    } finally {
      this.#giveRaw();
    }
  }

  /** Gives everything back. Safe to call twice, and while the body is read or parsed. */
  release(): void {
    this.#isReleased = true;
    this.#giveRaw();
    this.#giveParsed();
  }

  #giveRaw(): void {
    this.#space.give(this.#rawBytes);
    this.#rawBytes = 0;
  }

  #giveParsed(): void {
    if (this.#parsedBytes > 0) this.#large.give(this.#parsedBytes);
    this.#parsedBytes = 0;
  }
}
