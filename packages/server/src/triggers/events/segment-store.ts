import { setImmediate as nextTurn } from "node:timers/promises";
import { type JournalFiles, type Segment, SegmentWriter } from "@nanoagent/runtime/node";
import { segmentPath } from "./event-segment.js";
import { EVENTS_FORMAT, encodeStoredLine, type NewLine } from "./stored-line.js";

/** Size at which a segment is full, in bytes after its snapshot. */
export const SEGMENT_BYTES = 2 ** 20;
/** Most old segments that are kept for the list of past events, and most of their bytes. */
const MAX_OLD_SEGMENTS = 8;
const MAX_OLD_BYTES = 32 * 2 ** 20;
/** Bytes that are written in one call, so that a large snapshot does not hold up everything else. */
const PIECE_BYTES = 256 * 1024;
/** Most names to try for a new segment, if they belong to files that cannot be removed. */
const NAME_ATTEMPTS = 8;
const noSpace: readonly unknown[] = ["ENOSPC", "EDQUOT"];

export interface StoreOptions {
  readonly files: JournalFiles;
  readonly folder: string;
  readonly segmentBytes: number;
  /** Whether this program still has the folder. */
  readonly isHeld: () => Promise<boolean>;
  readonly now: () => number;
}

/** Segments that a start found. */
export interface FoundSegments {
  /** Highest number that a line may have. */
  readonly seq: number;
  /** All segments, oldest first. */
  readonly segments: readonly (Segment & { readonly bytes: number })[];
  /** Length of the newest one, if it can be continued, and of its snapshot. */
  readonly resumable: { readonly bytes: number; readonly snapshotBytes: number } | null;
}

/** A write: lines after those of the current segment, or a whole new segment. */
export interface Save {
  readonly extension: readonly NewLine[];
  /** Lines of the snapshot that begins a new segment, and the lines after it. */
  readonly snapshot: () => Iterable<NewLine>;
  readonly lines: readonly NewLine[];
  /** Whether the lines are on the device when the save resolves. */
  readonly synced: boolean;
  /** Whether a new segment must begin. */
  readonly mustRenew: boolean;
}

/**
 * The files of a log. Lines go to the newest one. A new one begins when that one is full, or when a write or sync of it
 * failed: the system may have dropped the data that it could not write. The caller makes one call at a time.
 */
export class SegmentStore {
  readonly #options: StoreOptions;
  #seq: number;
  /** Number of the last line that counts. */
  #validSeq: number;
  #old: { segment: Segment; bytes: number }[];
  #current: SegmentWriter | null = null;
  #snapshotBytes = 0;

  constructor(options: StoreOptions, { seq, segments }: FoundSegments) {
    this.#options = options;
    this.#seq = seq;
    this.#validSeq = seq;
    this.#old = segments.map(({ path, first, bytes }) => ({ segment: { path, first }, bytes }));
  }

  /** Bytes of all segments. */
  get sizeBytes(): number {
    return this.#old.reduce((sum, { bytes }) => sum + bytes, this.#current?.bytes ?? 0);
  }

  /** Continues the newest segment. If that fails, the next save begins a new one. */
  async resume({ bytes, snapshotBytes }: { bytes: number; snapshotBytes: number }): Promise<void> {
    const newest = this.#old.at(-1);
    if (newest === undefined) return;
    this.#current = await SegmentWriter.resume(this.#options.files, newest.segment, true, bytes).catch(() => null);
    if (this.#current === null) return;
    this.#old.pop();
    this.#snapshotBytes = snapshotBytes;
  }

  /** Saves lines. If it rejects, none of them count, and a later save may succeed. */
  async save(save: Save): Promise<void> {
    const current = this.#current;
    await current?.checkFile();
    const canExtend = () => current !== null && !current.isHurt && !save.mustRenew;
    if (canExtend() && !this.#isFull) {
      const isSaved = await this.#extend(save).then(
        () => true,
        () => false,
      );
      if (isSaved) return;
    }
    try {
      await this.#renew(save);
    } catch (error) {
      // Without room for a whole segment, the current one may still have some.
      if (!canExtend()) throw error;
      await this.#extend(save);
    }
  }

  async close(): Promise<void> {
    await this.#current?.close();
    this.#current = null;
  }

  get #isFull(): boolean {
    const { segmentBytes } = this.#options;
    const written = (this.#current?.bytes ?? 0) - this.#snapshotBytes;
    // A large snapshot is not written again before as much has followed it.
    return written >= Math.max(segmentBytes, this.#snapshotBytes);
  }

  async #extend({ extension, synced }: Save): Promise<void> {
    const current = this.#current as SegmentWriter;
    if (extension.length > 0) await current.append(this.#encode(extension), { sync: synced });
    else if (synced) await current.sync();
    // If the file was removed or changed during the write, nothing is saved.
    await current.checkFile();
    if (current.isHurt) throw new Error(`${current.segment.path} was removed, replaced or changed`);
    this.#validSeq = this.#seq;
  }

  /** Begins a segment. On a full disk, the old segments go first. */
  async #renew(save: Save): Promise<void> {
    if (!(await this.#options.isHeld())) {
      throw new Error("the folder, or this program's lock in it, was removed or replaced");
    }
    for (;;) {
      try {
        return await this.#begin(save);
      } catch (error) {
        const isFull = noSpace.includes((error as { code?: unknown }).code);
        if (!isFull || this.#old.length === 0) throw error;
        await this.#removeOldest();
      }
    }
  }

  async #begin({ snapshot, lines }: Save): Promise<void> {
    const { files, folder, now } = this.#options;
    const before = this.#current;
    const writer = await this.#create();
    let snapshotBytes = 0;
    try {
      const header = { type: "segment", format: EVENTS_FORMAT, created_at: now(), after_seq: this.#validSeq } as const;
      this.#seq = writer.segment.first - 1;
      const piece: NewLine[] = [header];
      let count = 0;
      for (const line of snapshot()) {
        piece.push(line);
        count += 1;
        if (piece.length % 64 === 0) await this.#flush(writer, piece);
      }
      piece.push({ type: "snapshot-end", lines: count });
      await this.#flush(writer, piece);
      snapshotBytes = writer.bytes;
      piece.push(...lines);
      await this.#flush(writer, piece);
      await writer.sync();
      await files.syncFolder(folder);
    } catch (error) {
      // A file that could not be removed may void what is written to the one before.
      await writer.remove().catch(() => before?.abandon());
      throw error;
    }
    this.#current = writer;
    this.#snapshotBytes = snapshotBytes;
    this.#validSeq = this.#seq;
    if (before !== null) {
      await before.leave();
      this.#old.push({ segment: before.segment, bytes: before.bytes });
    }
    await this.#removeOld().catch(() => {});
  }

  async #flush(writer: SegmentWriter, lines: NewLine[]): Promise<void> {
    let from = 0;
    const bytes = this.#encode(lines.splice(0));
    while (from < bytes.length) {
      if (from > 0) await nextTurn();
      await writer.append(bytes.subarray(from, from + PIECE_BYTES), { sync: false });
      from += PIECE_BYTES;
    }
  }

  async #create(): Promise<SegmentWriter> {
    const { files, folder } = this.#options;
    for (let attempt = 1; ; attempt++) {
      this.#seq += 1;
      try {
        const segment = { path: segmentPath(folder, this.#seq), first: this.#seq };
        return await SegmentWriter.create(files, segment, true);
      } catch (error) {
        if ((error as { code?: unknown }).code !== "EEXIST" || attempt === NAME_ATTEMPTS) throw error;
      }
    }
  }

  #encode(lines: readonly NewLine[]): Uint8Array {
    const encoded = lines.map((line) => {
      this.#seq += 1;
      return encodeStoredLine(this.#seq, line);
    });
    return encoded.length === 1 ? (encoded[0] as Uint8Array) : Buffer.concat(encoded);
  }

  async #removeOld(): Promise<void> {
    const total = () => this.#old.reduce((sum, { bytes }) => sum + bytes, 0);
    while (this.#old.length > MAX_OLD_SEGMENTS || total() > MAX_OLD_BYTES) await this.#removeOldest();
  }

  async #removeOldest(): Promise<void> {
    const oldest = this.#old[0];
    if (oldest === undefined) return;
    await this.#options.files.remove(oldest.segment.path);
    this.#old.shift();
    await this.#options.files.syncFolder(this.#options.folder);
  }
}
