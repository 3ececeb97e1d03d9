const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/** Splits the output of a program into lines. A line that is too long is skipped, and reported once it has ended. */
export class LineReader {
  readonly #maxBytes: number;
  readonly #onLine: (line: Uint8Array) => void;
  readonly #onLongLine: () => void;
  #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(options: { maxBytes: number; onLine: (line: Uint8Array) => void; onLongLine: () => void }) {
    this.#maxBytes = options.maxBytes;
    this.#onLine = options.onLine;
    this.#onLongLine = options.onLongLine;
  }

  add(bytes: Uint8Array): void {
    let rest = bytes;
    for (let at = rest.indexOf(NEWLINE); at >= 0; at = rest.indexOf(NEWLINE)) {
      this.#keep(rest.subarray(0, at));
      this.end();
      rest = rest.subarray(at + 1);
    }
    this.#keep(rest);
  }

  /** Ends the last line, which may have no newline. */
  end(): void {
    const [pieces, length] = [this.#pieces, this.#length];
    this.#pieces = [];
    this.#length = 0;
    if (length > this.#maxBytes) {
      this.#onLongLine();
      return;
    }
    const line = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
    const end = line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length;
    if (end > 0) this.#onLine(line.subarray(0, end));
  }

  #keep(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (this.#length > this.#maxBytes) this.#pieces = [];
    else if (bytes.length > 0) this.#pieces.push(bytes);
  }
}
