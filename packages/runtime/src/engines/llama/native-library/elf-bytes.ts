/** Data that can be read at any position: a file, or a buffer in a test. */
export interface ElfSource {
  /** Total length in bytes. */
  readonly length: number;
  /** Fills `target` with the bytes from `offset` on. Returns their number, which is smaller only at the end. */
  read(offset: number, target: Uint8Array): number;
}

/** A file that violates the ELF format. The message completes "The file …". */
export class ElfFormatError extends Error {
  override name = "ElfFormatError";
}

/** Bytes per read. Names and records are close together, so most need only one read. */
const WINDOW_BYTES = 8192;
/** Longest name of a library or version. Real ones have fewer than 40 characters. */
const MAX_NAME_BYTES = 256;

/** Numbers and names of an ELF file, in its byte order. Every position is checked against the file's length. */
export class ElfBytes {
  readonly #source: ElfSource;
  readonly #window = new Uint8Array(WINDOW_BYTES);
  #windowOffset = 0;
  #windowLength = 0;
  /** Byte order of the file, taken from its header. */
  isLittleEndian = true;

  constructor(source: ElfSource) {
    this.#source = source;
  }

  get length(): number {
    return this.#source.length;
  }

  /** Returns `length` bytes, at most {@link WINDOW_BYTES}. The view is valid until the next call. */
  record(offset: number, length: number): ElfRecord {
    return new ElfRecord(this.#view(offset, length), this.isLittleEndian);
  }

  /** Returns the text from `offset` to the next NUL byte. */
  name(offset: number): string {
    const view = this.#view(offset, Math.min(MAX_NAME_BYTES, this.length - offset));
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    const end = bytes.indexOf(0);
    if (end < 0) throw new ElfFormatError(`has an unterminated name at byte ${offset}`);
    return Buffer.from(bytes.subarray(0, end)).toString("latin1");
  }

  #view(offset: number, length: number): DataView {
    if (!Number.isSafeInteger(offset) || offset < 0 || length <= 0 || offset + length > this.length) {
      throw new ElfFormatError(`ends before byte ${offset}, where its headers locate data`);
    }
    if (offset < this.#windowOffset || offset + length > this.#windowOffset + this.#windowLength) {
      this.#windowOffset = offset;
      this.#windowLength = this.#source.read(offset, this.#window);
      if (this.#windowLength < length) throw new ElfFormatError("shrank while it was read");
    }
    return new DataView(this.#window.buffer, offset - this.#windowOffset, length);
  }
}

/** One record of the file. */
export class ElfRecord {
  readonly #view: DataView;
  readonly #isLittleEndian: boolean;

  constructor(view: DataView, isLittleEndian: boolean) {
    this.#view = view;
    this.#isLittleEndian = isLittleEndian;
  }

  byte(at: number): number {
    return this.#view.getUint8(at);
  }

  uint16(at: number): number {
    return this.#view.getUint16(at, this.#isLittleEndian);
  }

  uint32(at: number): number {
    return this.#view.getUint32(at, this.#isLittleEndian);
  }

  /** Returns a 64-bit number. Values beyond a double's precision are inexact, which does not matter for file sizes. */
  uint64(at: number): number {
    return Number(this.#view.getBigUint64(at, this.#isLittleEndian));
  }
}
