import { createHash, type Hash } from "node:crypto";
import { type BundleFile, type BundleHead, FIRST_LINE } from "../bundle/bundle-manifest.js";
import { MAX_HEAD_BYTES, parseHead } from "../bundle/parse-head.js";
import { FleetError } from "../fleet-error.js";

const LINE_END = 0x0a;
const FIRST_BYTES: Uint8Array = new TextEncoder().encode(FIRST_LINE);

/** Bytes that are not those of the bundle. */
export class WrongContent extends Error {
  override name = "WrongContent";
}

export interface ContentCheckParts {
  /** Size of the whole bundle. */
  readonly totalBytes: number;
  /** Called once with the lines before the files. What it throws is thrown by {@link ContentCheck.push}. */
  readonly checkHead: (head: BundleHead) => void;
  /** SHA-256 of its manifest. Default: any. */
  readonly manifestSha256?: string | undefined;
}

/**
 * Compares a bundle with its manifest while its bytes come in order, and holds none of them but the lines before the files.
 *
 * - The head is checked as soon as it is complete, each file as soon as its last byte is here.
 * - After {@link WrongContent}, {@link goBack} continues at {@link goodBytes}.
 */
export class ContentCheck {
  readonly #parts: ContentCheckParts;
  #head: BundleHead | null = null;
  /** Bytes before the head is complete. */
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  /** Index of the file whose bytes come next. */
  #place = 0;
  /** Bytes of this file that are still to come. */
  #left = 0;
  #hash: Hash = createHash("sha256");
  #goodBytes = 0;

  constructor(parts: ContentCheckParts) {
    this.#parts = parts;
  }

  get head(): BundleHead | null {
    return this.#head;
  }

  /** Bytes up to the end of the last complete file, or of the head. They are those of the bundle. */
  get goodBytes(): number {
    return this.#goodBytes;
  }

  get isComplete(): boolean {
    return this.#head !== null && this.#place === this.#head.manifest.files.length;
  }

  /** Takes the next bytes. Throws {@link WrongContent}, and what `checkHead` throws. */
  push(bytes: Uint8Array): void {
    const rest = this.#head === null ? this.#pushEarly(bytes) : bytes;
    if (rest !== null) this.#pushContent(rest);
  }

  /** Continues at {@link goodBytes}. `toStart`: begins again with the head. */
  goBack({ toStart = false }: { readonly toStart?: boolean } = {}): void {
    if (toStart || this.#head === null) {
      this.#head = null;
      this.#early = [];
      this.#earlyBytes = 0;
      this.#goodBytes = 0;
      this.#place = 0;
    } else this.#beginFile();
  }

  /** Returns the bytes after the head, or null until it is complete. */
  #pushEarly(bytes: Uint8Array): Uint8Array | null {
    if (!continuesFirstLine(bytes, this.#earlyBytes)) throw new WrongContent("It does not begin as a bundle does.");
    this.#early.push(bytes.slice());
    this.#earlyBytes += bytes.length;
    const isTooLong = this.#earlyBytes > MAX_HEAD_BYTES || this.#earlyBytes >= this.#parts.totalBytes;
    // A line that has not ended cannot complete the head.
    if (!bytes.includes(LINE_END)) {
      if (isTooLong) throw new WrongContent("Its first lines do not end.");
      return null;
    }
    const all = join(this.#early, this.#earlyBytes);
    this.#early = [all];
    const head = this.#parse(all);
    if (head === null) {
      if (isTooLong) throw new WrongContent("Its first lines do not end.");
      return null;
    }
    this.#checkManifest(head.manifestSha256);
    this.#parts.checkHead(head);
    this.#head = head;
    this.#early = [];
    this.#earlyBytes = 0;
    this.#place = 0;
    this.#goodBytes = head.headBytes;
    this.#beginFile();
    return all.subarray(head.headBytes);
  }

  #parse(bytes: Uint8Array): BundleHead | null {
    try {
      return parseHead(bytes, this.#parts.totalBytes);
    } catch (error) {
      if (!FleetError.isInstance(error)) throw error;
      // Other bytes than those of the bundle are a fault of the way that they came.
      this.#checkManifest(sha256OfManifest(bytes));
      throw error;
    }
  }

  #checkManifest(found: string | null): void {
    const { manifestSha256 } = this.#parts;
    if (manifestSha256 === undefined || found === manifestSha256) return;
    throw new WrongContent(found === null ? "It does not begin as a bundle does." : "It is another bundle.");
  }

  #pushContent(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.isComplete) throw new WrongContent("It has more bytes than the bundle.");
      const part = bytes.subarray(at, at + this.#left);
      this.#hash.update(part);
      this.#left -= part.length;
      at += part.length;
      if (this.#left === 0) this.#endFile();
    }
  }

  #file(): BundleFile | undefined {
    return this.#head?.manifest.files[this.#place];
  }

  /** Begins the file at `#place`, or the next one that is not empty. */
  #beginFile(): void {
    for (;;) {
      const file = this.#file();
      this.#hash = createHash("sha256");
      this.#left = file?.size ?? 0;
      if (file === undefined || file.size > 0) return;
      this.#compare(file);
    }
  }

  #endFile(): void {
    const file = this.#file();
    if (file === undefined) return;
    this.#compare(file);
    this.#beginFile();
  }

  /** Compares the file at `#place`, all of which is here. */
  #compare(file: BundleFile): void {
    if (this.#hash.digest("hex") !== file.sha256) throw new WrongContent(`The content of ${file.path} is wrong.`);
    this.#goodBytes += file.size;
    this.#place += 1;
  }
}

/** Whether the bytes of a file from a position on have the part of the first line that is there. */
function continuesFirstLine(bytes: Uint8Array, position: number): boolean {
  return FIRST_BYTES.subarray(position, position + bytes.length).every((byte, index) => bytes[index] === byte);
}

/** Returns the SHA-256 of the second line, or null if the first one is not that of a bundle or the second one has no end. */
function sha256OfManifest(bytes: Uint8Array): string | null {
  if (!continuesFirstLine(bytes, 0)) return null;
  const end = bytes.indexOf(LINE_END, FIRST_BYTES.length);
  return end < 0 ? null : createHash("sha256").update(bytes.subarray(FIRST_BYTES.length, end)).digest("hex");
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
