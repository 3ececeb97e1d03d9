const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** A server sent a line that exceeds the limit. */
export class LineTooLong extends Error {}

/** Splits a stream of bytes into lines ended by LF, CR or CRLF, and decodes each complete line as UTF-8. */
export class LineSplitter {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #length = 0;
  #endedByCarriageReturn = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Yields the lines that these bytes complete. Throws {@link LineTooLong}. */
  *push(bytes: Buffer): Generator<string> {
    let start = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte !== LINE_FEED && byte !== CARRIAGE_RETURN) continue;
      const isRestOfCrlf = byte === LINE_FEED && at === start && this.#length === 0 && this.#endedByCarriageReturn;
      this.#endedByCarriageReturn = byte === CARRIAGE_RETURN;
      if (!isRestOfCrlf) {
        this.#keep(bytes.subarray(start, at));
        yield this.#take();
      }
      start = at + 1;
    }
    if (start === bytes.length) return;
    this.#endedByCarriageReturn = false;
    this.#keep(bytes.subarray(start));
  }

  /** Returns the unterminated last line, or null. */
  end(): string | null {
    return this.#length === 0 ? null : this.#take();
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > this.#maxBytes) throw new LineTooLong(`more than ${this.#maxBytes} bytes in one line`);
    if (piece.length > 0) this.#pieces.push(piece);
  }

  #take(): string {
    const line = Buffer.concat(this.#pieces).toString("utf8");
    this.#pieces = [];
    this.#length = 0;
    return line;
  }
}
