import type { ByteSource } from "./byte-source.js";
import { InvalidModelFileError, type ModelFileFault } from "./invalid-model-file-error.js";

/** Size of the read window. One read of this size takes 0.1 ms. */
const WINDOW_BYTES = 128 * 1024;

/** Size of the first read after a jump, because often only a few fields follow. Consecutive reads double it. */
const FIRST_READ_BYTES = 4096;

/** Most bytes of keys, names and texts that are kept. Real headers have 60 KB. */
const MAX_KEPT_BYTES = 8 * 2 ** 20;

/** Most bytes of a 64-bit varint, at seven bits per byte. */
const MAX_VARINT_BYTES = 10;

const UINT32 = 2 ** 32;
/** Largest upper half of a 64-bit integer that a JavaScript number represents exactly. */
const MAX_SAFE_UPPER_HALF = 2 ** 21 - 1;

interface FailOptions {
  offset?: number | undefined;
  hint?: string | undefined;
  fault?: ModelFileFault | undefined;
}

/**
 * A forward-only reader of a file. It holds one window of the file and reads the next one on demand. Numbers of up to
 * eight bytes are taken from the window: call `await need(n)` first, unless `has(n)` is true, then take `n` bytes.
 */
export class ModelFileCursor {
  readonly path: string;
  littleEndian = true;
  readonly #source: ByteSource;
  readonly #window: Uint8Array;
  #view: DataView;
  /** File offset of the window, and number of valid bytes in it. */
  #windowOffset = 0;
  #windowLength = 0;
  #position = 0;
  #keptBytes = 0;
  #readBytes = WINDOW_BYTES;

  constructor(path: string, source: ByteSource) {
    this.path = path;
    this.#source = source;
    this.#window = new Uint8Array(Math.min(WINDOW_BYTES, source.length));
    this.#view = new DataView(this.#window.buffer);
  }

  /** File offset of the next byte. */
  get offset(): number {
    return this.#windowOffset + this.#position;
  }

  /** Number of bytes from here to the end of the file. */
  get remaining(): number {
    return this.#source.length - this.offset;
  }

  get fileBytes(): number {
    return this.#source.length;
  }

  has(bytes: number): boolean {
    return this.#windowLength - this.#position >= bytes;
  }

  /** Ensures that the window holds this number of bytes from here on, at most {@link WINDOW_BYTES}. */
  async need(bytes: number, field: string): Promise<void> {
    if (this.has(bytes)) return;
    if (this.remaining < bytes) this.failTruncated(field);
    this.#windowOffset = this.offset;
    this.#position = 0;
    this.#windowLength = 0;
    const wanted = this.#window.subarray(
      0,
      Math.min(Math.max(bytes, this.#readBytes), this.#window.length, this.remaining),
    );
    this.#readBytes = Math.min(this.#readBytes * 2, WINDOW_BYTES);
    this.#windowLength = await this.#source.read(this.#windowOffset, wanted);
    if (this.#windowLength < bytes) this.failTruncated(field);
  }

  takeUint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  takeInt8(): number {
    return this.#view.getInt8(this.#advance(1));
  }

  takeUint16(): number {
    return this.#view.getUint16(this.#advance(2), this.littleEndian);
  }

  takeInt16(): number {
    return this.#view.getInt16(this.#advance(2), this.littleEndian);
  }

  takeUint32(): number {
    return this.#view.getUint32(this.#advance(4), this.littleEndian);
  }

  takeInt32(): number {
    return this.#view.getInt32(this.#advance(4), this.littleEndian);
  }

  takeFloat32(): number {
    return this.#view.getFloat32(this.#advance(4), this.littleEndian);
  }

  takeFloat64(): number {
    return this.#view.getFloat64(this.#advance(8), this.littleEndian);
  }

  takeUint64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), this.littleEndian);
  }

  takeInt64(): bigint {
    return this.#view.getBigInt64(this.#advance(8), this.littleEndian);
  }

  /** Takes a 64-bit unsigned integer; Infinity if a number cannot represent it, which exceeds every limit. */
  takeLength(): number {
    const at = this.#advance(8);
    const upper = this.#view.getUint32(this.littleEndian ? at + 4 : at, this.littleEndian);
    const lower = this.#view.getUint32(this.littleEndian ? at : at + 4, this.littleEndian);
    return upper > MAX_SAFE_UPPER_HALF ? Number.POSITIVE_INFINITY : upper * UINT32 + lower;
  }

  /**
   * Takes a varint of Protocol Buffers, with seven bits per byte; Infinity if a number cannot represent it. Does not
   * require `need`.
   */
  async takeVarint(field: string): Promise<number> {
    const offset = this.offset;
    let value = 0;
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      if (!this.has(1)) await this.need(1, field);
      const byte = this.takeUint8();
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return Number.isSafeInteger(value) ? value : Number.POSITIVE_INFINITY;
    }
    return this.fail(field, "is a number of more than ten bytes", { offset });
  }

  /**
   * Skips up to `most` length-prefixed texts that lie completely in the window, and returns their number. A single loop
   * without calls, because vocabularies have hundreds of thousands of texts.
   */
  skipTextsInWindow(most: number): number {
    const view = this.#view;
    const end = this.#windowLength;
    const littleEndian = this.littleEndian;
    const upperHalf = littleEndian ? 4 : 0;
    let at = this.#position;
    let count = 0;
    while (count < most && at + 8 <= end) {
      const bytes = view.getUint32(at + 4 - upperHalf, littleEndian);
      if (view.getUint32(at + upperHalf, littleEndian) !== 0 || bytes > end - at - 8) break;
      at += 8 + bytes;
      count++;
    }
    this.#position = at;
    return count;
  }

  /** Returns a copy of the next bytes. They count towards {@link MAX_KEPT_BYTES}. */
  async takeBytes(bytes: number, field: string): Promise<Uint8Array> {
    if (bytes > this.remaining) this.failTruncated(field);
    this.#keptBytes += bytes;
    if (this.#keptBytes > MAX_KEPT_BYTES) {
      this.fail(field, `exceeds the limit of ${MAX_KEPT_BYTES} bytes for the names and texts of a header`);
    }
    const copy = new Uint8Array(bytes);
    let filled = 0;
    while (filled < bytes) {
      await this.need(1, field);
      const part = Math.min(bytes - filled, this.#windowLength - this.#position);
      const from = this.#advance(part);
      copy.set(this.#window.subarray(from, from + part), filled);
      filled += part;
    }
    return copy;
  }

  /** Skips bytes without reading them. */
  skip(bytes: number, field: string): void {
    if (bytes > this.remaining) this.failTruncated(field);
    if (this.has(bytes)) {
      this.#position += bytes;
      return;
    }
    this.#windowOffset = this.offset + bytes;
    this.#windowLength = 0;
    this.#position = 0;
    this.#readBytes = FIRST_READ_BYTES;
  }

  fail(field: string, problem: string, { offset = this.offset, hint, fault }: FailOptions = {}): never {
    throw new InvalidModelFileError({ path: this.path, field, offset, problem, hint, fault });
  }

  failTruncated(field: string): never {
    this.failCutOff(field, `extends beyond the end of the file, which has ${this.#source.length} bytes`);
  }

  /** Refuses a file whose end is missing. */
  failCutOff(field: string, problem: string, offset = this.offset): never {
    const hint = "The download is incomplete, or the file is damaged: download it again.";
    this.fail(field, problem, { offset, hint, fault: "cut-off" });
  }

  #advance(bytes: number): number {
    const at = this.#position;
    this.#position += bytes;
    return at;
  }
}
