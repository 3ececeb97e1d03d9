import { recordTooLarge } from "./journal-errors.js";
import type { JournalFiles } from "./journal-files.js";
import {
  encodeRecord,
  JOURNAL_FORMAT,
  type JournalEntry,
  type JournalRecord,
  MAX_RECORD_BYTES,
  type SegmentOpening,
} from "./journal-record.js";
import { findPrunable, type Retention } from "./retention.js";
import { type Segment, segmentPath } from "./segment.js";
import { SegmentWriter } from "./segment-writer.js";

/** Size at which a segment is full, in bytes. */
export const SEGMENT_BYTES = 2 ** 20;
/** Limits of entries, bytes and milliseconds that `batch` leaves without a sync. */
export const BATCH_TURNS = 16;
const BATCH_BYTES = 2 ** 20;
export const BATCH_MILLISECONDS = 5000;
/** Most names to try for a new segment, if they belong to files that cannot be removed. */
const NAME_ATTEMPTS = 8;

/**
 * When a write is synced. `turn`: before it counts. `batch`: after {@link BATCH_TURNS} entries, {@link BATCH_BYTES} or
 * {@link BATCH_MILLISECONDS} at the latest. `never`: when the system decides.
 */
export type Durability = "turn" | "batch" | "never";

/** The log's interface to the session whose records it writes. */
export interface LoggedSession {
  /** Whether a new segment may begin now. */
  canRoll(): boolean;
  /** Returns the beginning of a new segment. `lost`: valid entries that the previous segment may not have saved. */
  openSegment(lost: readonly JournalEntry[]): SegmentOpening;
  /** Called in order with records that are now valid. A new segment may repeat earlier ones. */
  onWritten(records: readonly JournalRecord[]): void;
  /** Called when another program has removed, replaced or changed the segment's file, and a new segment replaces it. */
  onTakenAway(segment: Segment): void;
  /** Called when {@link SegmentLog.sync} is due. */
  onSyncDue(): void;
}

export interface SegmentLogOptions {
  files: JournalFiles;
  folder: string;
  /** `never` overrides the durability of a single write. */
  fsync: Durability;
  segmentBytes: number;
  retention: Retention | undefined;
  /** Clock, in milliseconds since 1970. */
  now: () => number;
}

/** An entry that may not be on the device yet. Its sequence number is null until it is written. */
interface HeldEntry {
  entry: JournalEntry;
  sequence: number | null;
  bytes: number;
}

/**
 * Appends records to the newest segment of a folder, syncs them, and begins a new segment when that one is full or
 * hurt. The caller makes one call at a time.
 *
 * The log has one list, `#held`: the entries that may not be on the device yet. First come entries that are written but
 * not synced, then entries that wait for the next write because a write failed. A write includes the waiting ones. A
 * sync removes the written ones. A segment whose sync failed may lose them, so the next segment repeats them.
 *
 * Sequence numbers follow the same model. `#highestSequence` is the highest number assigned, `#lastSequence` the number
 * of the last valid record. They differ after a failure that may have left bytes on the device; those numbers are not
 * assigned again. The last record that is certainly on the device has the number before the first written entry of
 * `#held`. A new segment's `after_sequence` is `#lastSequence`, or that number if the previous segment is hurt. Readers
 * ignore higher numbers in earlier segments.
 */
export class SegmentLog {
  readonly #options: SegmentLogOptions;
  readonly #session: LoggedSession;
  #current: SegmentWriter | null = null;
  #lastSequence: number;
  #highestSequence: number;
  #held: HeldEntry[] = [];
  #isPruning = false;
  #syncTimer: ReturnType<typeof setTimeout> | null = null;

  /** `lastSequence`: highest number that a record in the folder may have. */
  constructor(options: SegmentLogOptions, lastSequence: number, session: LoggedSession) {
    this.#options = options;
    this.#session = session;
    this.#lastSequence = lastSequence;
    this.#highestSequence = lastSequence;
  }

  /** The entries that wait for the next write. */
  get waiting(): JournalEntry[] {
    return this.#held.flatMap(({ entry, sequence }) => (sequence === null ? [entry] : []));
  }

  /** Number of the last valid record. A failed write may have left higher ones behind. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** Continues a segment. If that fails, the next write begins a new one and reports the cause. */
  async resume(segment: Segment, bytes: number): Promise<void> {
    const { files, fsync } = this.#options;
    this.#current = await SegmentWriter.resume(files, segment, fsync !== "never", bytes).catch(() => null);
  }

  /** Adds an entry to the next write, before the entries of that write. */
  wait(entry: JournalEntry): void {
    this.#held.push({ entry, sequence: null, bytes: 0 });
  }

  /** Writes the waiting entries and these. If it rejects, these are discarded, and the others keep waiting. */
  async append(entries: readonly JournalEntry[], durability: Durability): Promise<void> {
    try {
      await this.#write([...this.waiting, ...entries], durability);
    } catch (error) {
      await this.#leaveHurtSegment();
      throw error instanceof NoNewFileError ? error.cause : error;
    }
  }

  /** Syncs the written entries. If it rejects, a new segment has repeated them, or the next write tries again. */
  async sync(): Promise<void> {
    try {
      await this.#syncUnsynced();
    } finally {
      await this.#leaveHurtSegment();
    }
  }

  /**
   * Removes the oldest segments until the log is within these limits. Returns the bytes freed. See
   * {@link findPrunable}.
   */
  async prune(retention: Retention, { isWitnessed = false } = {}): Promise<number> {
    const { files, folder, now } = this.#options;
    const found = await findPrunable(files, folder, retention, { now: now(), isWitnessed });
    if (found.segments.length === 0) return 0;
    this.wait({ type: "pruned", through_turn: found.throughTurn });
    // On a full disk this fails, and the record is written once the segments are gone.
    await this.append([], "turn").catch(() => {});
    for (const { path: file } of found.segments) await files.remove(file);
    await files.syncFolder(folder);
    return found.bytes;
  }

  /** Prunes according to the options. After a failure, the next call tries again. */
  async pruneOldest(): Promise<void> {
    const { retention } = this.#options;
    if (retention === undefined || this.#isPruning) return;
    this.#isPruning = true;
    await this.prune(retention, { isWitnessed: true }).catch(() => {});
    this.#isPruning = false;
  }

  /** Syncs and closes the segment. Does not begin a new one if this program has lost the folder. */
  async close({ isHeld }: { isHeld: boolean }): Promise<void> {
    await this.#syncUnsynced().catch(() => {});
    if (isHeld) await this.#leaveHurtSegment();
    if (this.#syncTimer !== null) clearTimeout(this.#syncTimer);
    await this.#current?.close();
    this.#current = null;
  }

  /** The entries that are written but not synced. */
  get #unsynced(): HeldEntry[] {
    return this.#held.filter(({ sequence }) => sequence !== null);
  }

  async #write(entries: readonly JournalEntry[], durability: Durability): Promise<void> {
    const current = this.#current;
    await current?.checkFile();
    if (current === null || current.isHurt) return this.#beginSegment(entries);
    if (current.bytes >= this.#options.segmentBytes && this.#session.canRoll()) {
      try {
        return await this.#beginSegment(entries);
      } catch (error) {
        // If no file can be created, the current one may still have room.
        if (!(error instanceof NoNewFileError) || current.isHurt) throw error;
      }
    }
    await this.#extendSegment(current, entries, durability);
  }

  async #extendSegment(
    current: SegmentWriter,
    entries: readonly JournalEntry[],
    durability: Durability,
  ): Promise<void> {
    const highestSequence = this.#highestSequence;
    const { buffer, records, held } = this.#encode(entries);
    const unsynced = [...this.#unsynced, ...held];
    const sync = this.#isSyncDue(unsynced, durability);
    try {
      await current.append(buffer, { sync });
    } catch (error) {
      // The device may still have the numbers of a hurt segment.
      if (!current.isHurt) this.#highestSequence = highestSequence;
      throw error;
    }
    // The file may have been removed or changed during the write. Then the entry is not saved.
    await current.checkFile();
    if (current.isHurt) return this.#beginSegment(entries);
    this.#count(records, sync ? [] : unsynced);
    if (!sync && durability === "batch") this.#syncLater();
  }

  /** Begins a segment with the entries from the session, followed by these. */
  async #beginSegment(entries: readonly JournalEntry[]): Promise<void> {
    const old = this.#current;
    await this.#syncUnsynced().catch(() => {});
    const lost = old?.isHurt === true ? this.#unsynced : [];
    const { writer, first } = await this.#createSegment();
    let records: JournalRecord[];
    try {
      const { header, entries: opening } = this.#session.openSegment(lost.map(({ entry }) => entry));
      const headerEntry: JournalEntry = {
        type: "segment",
        format: JOURNAL_FORMAT,
        session: header.session,
        created_at: new Date(this.#options.now()).toISOString(),
        after_sequence: (lost[0]?.sequence ?? this.#lastSequence + 1) - 1,
        turns: header.turns,
        messages: header.messages,
        conversation_turn: header.conversation_turn,
        ...(header.pruned_turns === undefined ? {} : { pruned_turns: header.pruned_turns }),
      };
      this.#highestSequence = first - 1;
      const encoded = this.#encode([headerEntry, ...opening, ...entries]);
      await writer.begin(encoded.buffer);
      records = encoded.records;
    } catch (error) {
      await writer.remove().catch(() => old?.abandon());
      throw error;
    }
    this.#current = writer;
    this.#count(records, []);
    if (old === null) return;
    if (!old.isWhole) this.#session.onTakenAway(old.segment);
    await old.leave();
    await this.pruneOldest();
  }

  /** Creates a segment with the next number whose file name is free. */
  async #createSegment(): Promise<{ writer: SegmentWriter; first: number }> {
    const { files, folder, fsync } = this.#options;
    for (let attempt = 1; ; attempt++) {
      this.#highestSequence += 1;
      const first = this.#highestSequence;
      try {
        const segment = { path: segmentPath(folder, first), first };
        return { writer: await SegmentWriter.create(files, segment, fsync !== "never"), first };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt === NAME_ATTEMPTS) {
          throw new NoNewFileError(error);
        }
      }
    }
  }

  /** Moves valid entries from a hurt segment to a new one. If that fails, the next write tries again. */
  async #leaveHurtSegment(): Promise<void> {
    if (this.#current?.isHurt === true) await this.#beginSegment(this.waiting).catch(() => {});
  }

  /** Assigns the next number to each entry. Throws if one is too large. */
  #encode(entries: readonly JournalEntry[]): { buffer: Uint8Array; records: JournalRecord[]; held: HeldEntry[] } {
    const lines: Uint8Array[] = [];
    const records: JournalRecord[] = [];
    const held: HeldEntry[] = [];
    let sequence = this.#highestSequence;
    for (const entry of entries) {
      sequence += 1;
      // The order of the fields is part of the format. The number of a recovered entry is replaced.
      const record = Object.assign({ type: entry.type, sequence }, entry, { sequence }) as JournalRecord;
      const line = encodeRecord(record);
      if (line.length > MAX_RECORD_BYTES) throw recordTooLarge();
      lines.push(line);
      records.push(record);
      held.push({ entry, sequence, bytes: line.length });
    }
    this.#highestSequence = sequence;
    return { buffer: lines.length === 1 ? (lines[0] as Uint8Array) : Buffer.concat(lines), records, held };
  }

  /** Marks these records as valid, including the waiting ones. */
  #count(records: readonly JournalRecord[], held: HeldEntry[]): void {
    this.#lastSequence = records.at(-1)?.sequence ?? this.#lastSequence;
    this.#held = held;
    this.#session.onWritten(records);
  }

  #isSyncDue(unsynced: readonly HeldEntry[], durability: Durability): boolean {
    if (durability === "turn" || this.#options.fsync === "never") return true;
    const bytes = unsynced.reduce((sum, entry) => sum + entry.bytes, 0);
    return unsynced.length >= BATCH_TURNS || bytes >= BATCH_BYTES;
  }

  async #syncUnsynced(): Promise<void> {
    const current = this.#current;
    if (this.#unsynced.length === 0) return;
    await current?.checkFile();
    if (current === null || current.isHurt) return;
    await current.sync();
    this.#held = this.#held.filter(({ sequence }) => sequence === null);
  }

  #syncLater(): void {
    if (this.#syncTimer !== null) return;
    this.#syncTimer = setTimeout(() => {
      this.#syncTimer = null;
      this.#session.onSyncDue();
    }, BATCH_MILLISECONDS);
    this.#syncTimer.unref();
  }
}

/** A new segment's file could not be created. The cause has the reason. */
class NoNewFileError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
