import { randomUUID } from "node:crypto";
import path from "node:path";
import { NanoAgentError } from "@nanoagent/models";
import { SessionError } from "../session-error.js";
import { OpenTurn } from "./interrupted-turn.js";
import { type JournalFile, type JournalFiles, localFiles } from "./journal-files.js";
import { lockFolder, type ReleaseLock } from "./journal-lock.js";
import {
  type ActRecord,
  type ActResultRecord,
  type ConversationRecord,
  encodeRecord,
  JOURNAL_FORMAT,
  type JournalMessage,
  type JournalSnapshot,
  MAX_RECORD_BYTES,
  type TurnRecord,
  type WindowRecord,
} from "./journal-record.js";
import { emptyReport, type JournalReport, MAX_REPORTED_DAMAGE } from "./journal-report.js";
import { type JournalTurn, readNewestTurns, readTurns } from "./read-turns.js";
import { type JournalState, type JournalWindow, recoverJournal } from "./recover-journal.js";
import { writeAll } from "./repair-segment.js";
import { prune, type Retention } from "./retention.js";
import { type Segment, segmentPath } from "./segment.js";

/** A segment is closed and a new one begun when it has reached this. */
export const SEGMENT_BYTES = 2 ** 20;
/** With `batch`, what was acknowledged and is not on the device yet: never more turns, bytes or time than this. */
export const BATCH_TURNS = 16;
export const BATCH_BYTES = 2 ** 20;
export const BATCH_MILLISECONDS = 5000;
const LINE_FEED = Buffer.from("\n");
/** A name that is taken by a file that cannot be removed is passed over, so often. */
const NAME_ATTEMPTS = 8;

export interface JournalOptions {
  /**
   * When what is written is forced to the device. `turn`: before a turn is acknowledged. `batch`: at the latest after
   * {@link BATCH_TURNS} turns or {@link BATCH_MILLISECONDS}; a power cut may take these, a kill takes none. `never`: when
   * the system likes. Default: `turn`.
   */
  fsync?: "turn" | "batch" | "never" | undefined;
  /** What `appendTurn` does with a turn that cannot be saved. Default: `refuse`. */
  onWriteError?: "refuse" | "deliver" | undefined;
  /** Default: everything is kept. */
  retention?: Retention | undefined;
  /** Default: {@link SEGMENT_BYTES}. */
  segmentBytes?: number | undefined;
  /** Default: this machine's disk. */
  files?: JournalFiles | undefined;
  /** Takes the folder for this program. Default: {@link lockFolder}. */
  lock?: ((folder: string) => Promise<ReleaseLock>) | undefined;
  /** Milliseconds since 1970. Default: the system's clock. */
  now?: (() => number) | undefined;
  /** Verifies every segment, and not only what comes after the last snapshot. Default: false. */
  verifyEverything?: boolean | undefined;
}

/** A call whose start is on the device, so that the tool may run. */
export interface StartedAct {
  /** Identifies this call and no other, also after a restart; the tool gets it as its idempotency key. */
  key: string;
}

type WithoutSequence<Kind> = Omit<Kind, "sequence">;
type Entry =
  | WithoutSequence<TurnRecord>
  | WithoutSequence<ActRecord>
  | WithoutSequence<ActResultRecord>
  | WithoutSequence<ConversationRecord>
  | WithoutSequence<WindowRecord>;

interface CurrentSegment {
  segment: Segment;
  file: JournalFile;
  bytes: number;
  /** The number of its last record. */
  sequence: number;
  /** Up to where it is on the device. */
  durableBytes: number;
  /** Another program wrote the end of it: what the device has of that may not end with a line feed, whatever we read. */
  isInherited: boolean;
  /** A write or a sync failed, and what is behind `bytes` is not known: nothing more is written to it. */
  isHurt: boolean;
}

/**
 * One conversation on disk: segments of JSON lines, each line with a number and a checksum.
 *
 * - What `appendTurn` has acknowledged is there after a kill, and with `turn` after a power cut; at most one turn that was
 *   not acknowledged follows it.
 * - A turn is one line: it is there whole or not at all.
 * - A write that fails leaves nothing behind, and the next one is tried as if it had not been.
 * - After a sync that failed nothing is written to the same file: what the system still holds of it may never arrive.
 * - Calls may overlap; they are done one after the other.
 */
export class Journal {
  readonly folder: string;
  /** What was found when it was opened, and since. */
  readonly report: JournalReport;
  readonly #files: JournalFiles;
  readonly #options: JournalOptions;
  readonly #release: ReleaseLock;
  readonly #state: JournalState;
  #current: CurrentSegment | null = null;
  /** The number of the last record that counts. `#state.sequence` runs ahead of it where a write has failed. */
  #acknowledgedSequence: number;
  /** The number of the last record that is on the device. */
  #durableSequence: number;
  /** Acknowledged, and perhaps not on the device: written again should the device fail. */
  #unsynced: { entry: Entry; bytes: number }[] = [];
  /** What was written of the turn that is open. */
  #openEntries: Entry[] = [];
  /** What is to be written before anything else. */
  #pending: Entry[] = [];
  #turnsNotSaved = 0;
  #lastError: SessionError | null = null;
  #queue: Promise<unknown> = Promise.resolve();
  #syncTimer: ReturnType<typeof setTimeout> | null = null;
  #isClosed = false;

  private constructor(
    folder: string,
    parts: {
      options: JournalOptions;
      files: JournalFiles;
      release: ReleaseLock;
      state: JournalState;
      report: JournalReport;
    },
  ) {
    this.folder = folder;
    this.#options = parts.options;
    this.#files = parts.files;
    this.#release = parts.release;
    this.#state = parts.state;
    this.#acknowledgedSequence = parts.state.sequence;
    this.#durableSequence = parts.state.sequence;
    this.report = parts.report;
  }

  /**
   * Opens the journal of a folder, which is made where it is not there. Takes the folder's lock. Damage is repaired and
   * reported, and is never an error. Throws {@link SessionError} `session-in-use`, `session-unreadable` or
   * `session-format-unknown`.
   */
  static async open(folder: string, options: JournalOptions = {}): Promise<Journal> {
    const files = options.files ?? localFiles;
    const absolute = path.resolve(folder);
    const release = await takeFolder(files, absolute, options.lock ?? lockFolder);
    try {
      const report = emptyReport();
      const recovering = { everything: options.verifyEverything ?? false };
      const { state, current } = await recoverJournal(files, absolute, report, recovering);
      const journal = new Journal(absolute, { options, files, release, state, report });
      if (current !== null) await journal.#goOn(current.segment, current.bytes);
      await journal.#endInterruptedTurn();
      await journal.#prune();
      return journal;
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** The session's name: made when it began, kept for good. */
  get session(): string {
    return this.#state.session;
  }

  /** Counts over the whole session, also of what has been pruned. */
  get counts(): JournalSnapshot {
    const { turns, messages, conversation_turn } = this.#state;
    return { turns, messages, conversation_turn };
  }

  /** What of the conversation was shown last; null where nothing was put down of it. */
  get window(): JournalWindow | null {
    return this.#state.window;
  }

  /** Why the last write failed; null when it did not. */
  get lastError(): SessionError | null {
    return this.#lastError;
  }

  /**
   * Writes a turn, from the user's message to the reply, in one write and one sync. Resolves with null when it is saved.
   * Where it cannot be: throws {@link SessionError} `session-not-saved`, or, when the options say `deliver`, resolves with
   * it. A turn larger than {@link MAX_RECORD_BYTES} is refused with `session-record-too-large` in the same way.
   */
  async appendTurn(messages: readonly JournalMessage[]): Promise<SessionError | null> {
    try {
      await this.#exclusively(async () => {
        await this.#append([this.#turnEntry(messages)], this.#options.fsync ?? "turn");
      });
      return null;
    } catch (error) {
      if (this.#options.onWriteError !== "deliver" || !(error instanceof SessionError)) throw error;
      if (error.code === "session-closed") throw error;
      this.#turnsNotSaved += 1;
      return error;
    }
  }

  /**
   * Records that a tool that changes the world is about to be called. When this resolves it is on the device (with
   * `never`: with the system) and the tool may run; when it rejects the tool must not. `messages` are those of the turn
   * so far, the assistant's with this call among them. `key` tells this call from every other. Default: one is made.
   */
  async recordActStart(
    call: ActRecord["call"],
    messages: readonly JournalMessage[],
    key: string = randomUUID(),
  ): Promise<StartedAct> {
    return this.#exclusively(async () => {
      const known = this.#state.openTurn?.messages.length ?? 0;
      const entry: WithoutSequence<ActRecord> = {
        type: "act",
        turn: this.#nextTurn,
        key,
        call,
        messages: messages.slice(known),
        at: this.#isoNow(),
      };
      await this.#append([entry], this.#options.fsync === "never" ? "never" : "turn");
      return { key: entry.key };
    });
  }

  /**
   * Records what became of the call. It is not forced to the device by itself: the turn's end does that. A failure is
   * kept in {@link lastError} and not thrown, for the tool has run: the call then counts as one of unknown outcome.
   */
  async recordActResult(act: StartedAct, result: { content: string; is_error: boolean }): Promise<void> {
    await this.#exclusively(() =>
      this.#append([{ type: "act-result", key: act.key, content: result.content, is_error: result.is_error }], "never"),
    ).catch(() => {});
  }

  /**
   * Ends a turn that failed or was aborted. Where tools had been called that change the world, it stays in the
   * conversation, with synthetic results for the calls that have none: its messages. Null where nothing stays.
   */
  async endFailedTurn(): Promise<readonly JournalMessage[] | null> {
    return this.#exclusively(async () => {
      const { openTurn } = this.#state;
      if (openTurn === null) return null;
      const messages = openTurn.end(this.#isoNow());
      await this.#closeOpenTurn(messages);
      return messages;
    });
  }

  /** Begins a conversation anew: what came before stays readable, and is no part of it. */
  async beginConversation(): Promise<void> {
    await this.#exclusively(async () => {
      if (this.#state.turns < this.#state.conversation_turn) return;
      this.#pending.push({ type: "conversation" });
      await this.#flushPending();
    });
  }

  /**
   * Puts down what of the conversation is shown, so that it is the same after a restart. It is not forced to the device by
   * itself, and a failure is kept in {@link lastError}: nothing that was said is lost with it.
   */
  async recordWindow(window: JournalWindow): Promise<void> {
    await this.#exclusively(() => this.#append([{ type: "window", ...window }], "never")).catch(() => {});
  }

  /** The newest turns of the conversation, oldest first: those that cost no more than `maxBytes` together, and one at least. */
  async newestTurns(maxBytes: number, costOf: (message: JournalMessage) => number): Promise<JournalTurn[]> {
    const { conversation_turn: conversationTurn } = this.#state;
    const limits = { conversationTurn, maxBytes, costOf };
    const turns = await readNewestTurns(this.#files, this.folder, limits, this.#noteDamage);
    return [...turns, ...this.#pendingTurns()];
  }

  /** All turns from this one on, oldest first, read as they are asked for. */
  async *turns(from = 1): AsyncGenerator<JournalTurn, void> {
    yield* readTurns(this.#files, this.folder, { from, onDamage: this.#noteDamage });
    yield* this.#pendingTurns();
  }

  /** Removes the oldest segments until the rest is within these limits; the newest stays. Returns the bytes freed. */
  async prune(retention: Retention): Promise<number> {
    return this.#exclusively(() => prune(this.#files, this.folder, retention, this.#now()));
  }

  /** Forces to the device what is not there yet, and gives the folder back. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    await this.#exclusively(async () => {
      await this.#flushPending();
      const current = this.#current;
      if (this.#unsynced.length > 0 && current?.isHurt === false) await this.#sync(current).catch(() => {});
      await this.#leaveHurtSegment();
    }).catch(() => {});
    this.#isClosed = true;
    if (this.#syncTimer !== null) clearTimeout(this.#syncTimer);
    await this.#current?.file.close().catch(() => {});
    this.#current = null;
    await this.#release();
  }

  /** After the call that runs; a failure of one is no failure of the next. */
  #exclusively<Value>(action: () => Promise<Value>): Promise<Value> {
    if (this.#isClosed) return Promise.reject(closed());
    const result = this.#queue.then(action);
    this.#queue = result.catch(() => {});
    return result;
  }

  /** What waits to be written has its number already. */
  get #nextTurn(): number {
    return this.#state.turns + this.#pending.filter(({ type }) => type === "turn").length + 1;
  }

  #turnEntry(messages: readonly JournalMessage[]): WithoutSequence<TurnRecord> {
    const entry: WithoutSequence<TurnRecord> = { type: "turn", turn: this.#nextTurn, messages };
    if (this.#turnsNotSaved > 0) entry.turns_not_saved = this.#turnsNotSaved;
    return entry;
  }

  /** Opens the segment that the journal ended with. Where that fails a new one is begun with the next write. */
  async #goOn(segment: Segment, bytes: number): Promise<void> {
    try {
      const file = await this.#files.open(segment.path, "write");
      // A program that was killed may have left what the device does not have yet; nothing is to arrive before that.
      if (this.#options.fsync !== "never") {
        await file.sync();
        await this.#files.syncFolder(this.folder);
      }
      const { sequence } = this.#state;
      this.#current = { segment, file, bytes, sequence, durableBytes: bytes, isInherited: true, isHurt: false };
    } catch {
      // The next write says what is wrong.
    }
  }

  /** A turn that the last program left open gets its end. */
  async #endInterruptedTurn(): Promise<void> {
    const { openTurn } = this.#state;
    if (openTurn === null) return;
    this.report.unknown_calls.push(...openTurn.unknownActs);
    await this.#closeOpenTurn(openTurn.end(this.#isoNow()));
  }

  async #closeOpenTurn(messages: readonly JournalMessage[]): Promise<void> {
    this.#pending.push({ ...this.#turnEntry(messages), interrupted: true });
    this.#state.openTurn = null;
    await this.#flushPending();
  }

  /** Tries to write what waits; where it cannot be written it waits for the next turn. */
  async #flushPending(): Promise<void> {
    if (this.#pending.length === 0) return;
    await this.#append([], this.#options.fsync ?? "turn").catch(() => {});
  }

  #pendingTurns(): JournalTurn[] {
    return this.#pending.flatMap((entry) =>
      entry.type === "turn"
        ? [{ turn: entry.turn, messages: entry.messages, interrupted: true, begins_conversation: false }]
        : [],
    );
  }

  /** Writes entries behind what waits. They are in the state when this resolves, and nowhere when it rejects. */
  async #append(entries: Entry[], durability: "turn" | "batch" | "never"): Promise<void> {
    const pending = this.#pending;
    const all = [...pending, ...entries];
    try {
      const current = this.#current;
      const isFull =
        current !== null &&
        current.bytes >= (this.#options.segmentBytes ?? SEGMENT_BYTES) &&
        this.#openEntries.length === 0;
      if (current === null || current.isHurt) await this.#writeNewSegment(all);
      else if (!isFull) await this.#writeBehind(current, all, durability);
      else {
        const isBegun = await this.#writeNewSegment(all).catch((error: unknown) => {
          if (!(error instanceof NoNewFileError) || current.isHurt) throw error;
          return false;
        });
        // Where no file can be made any more there may still be room in this one.
        if (isBegun === false) await this.#writeBehind(current, all, durability);
      }
    } catch (cause) {
      this.#lastError = cause instanceof SessionError ? cause : notSaved(this.folder, cause);
      await this.#leaveHurtSegment();
      throw this.#lastError;
    }
    this.#lastError = null;
    this.#acknowledge(all);
  }

  #acknowledge(entries: readonly Entry[]): void {
    this.#acknowledgedSequence = this.#current?.sequence ?? this.#state.sequence;
    this.#pending = [];
    for (const entry of entries) this.#enter(entry);
  }

  /** What an entry that was written changes of where the journal stands. */
  #enter(entry: Entry): void {
    const state = this.#state;
    switch (entry.type) {
      case "turn":
        state.turns = entry.turn;
        state.messages += entry.messages.length;
        state.openTurn = null;
        this.#openEntries = [];
        this.#turnsNotSaved = 0;
        break;
      case "act":
        state.openTurn ??= new OpenTurn();
        state.openTurn.addAct({ ...entry, sequence: state.sequence });
        this.#openEntries.push(entry);
        break;
      case "act-result":
        state.openTurn?.addResult({ ...entry, sequence: state.sequence });
        this.#openEntries.push(entry);
        break;
      case "conversation":
        state.conversation_turn = state.turns + 1;
        state.window = null;
        break;
      case "window": {
        const { first_turn, summary, next } = entry;
        state.window = { first_turn, summary, next };
        break;
      }
    }
  }

  async #writeBehind(current: CurrentSegment, entries: Entry[], durability: "turn" | "batch" | "never"): Promise<void> {
    const before = { ...current, nextSequence: this.#state.sequence, unsynced: this.#unsynced };
    const { buffer, lengths } = this.#encode(entries);
    try {
      if (current.isInherited) {
        writeAll(current.file, LINE_FEED, current.bytes);
        current.bytes += LINE_FEED.length;
        current.isInherited = false;
      }
      writeAll(current.file, buffer, current.bytes);
      current.bytes += buffer.length;
      current.sequence = this.#state.sequence;
      this.#keepUnsynced(entries, lengths);
      await this.#makeDurable(current, durability);
    } catch (error) {
      current.bytes = before.bytes;
      current.sequence = before.sequence;
      current.isInherited = before.isInherited;
      this.#unsynced = before.unsynced;
      try {
        await current.file.truncate(before.bytes);
        // Numbers that nothing has are given out again; after a failed sync somebody may have them.
        if (!current.isHurt) this.#state.sequence = before.nextSequence;
      } catch {
        current.isHurt = true;
      }
      throw error;
    }
  }

  /** Begins a segment with these entries; what the one before may have lost comes first. */
  async #writeNewSegment(entries: Entry[]): Promise<void> {
    const old = this.#current;
    if (old !== null && !old.isHurt && this.#unsynced.length > 0) await this.#sync(old).catch(() => {});
    const isHurt = old?.isHurt === true;
    const open = new Set(this.#openEntries);
    const carried = isHurt
      ? [...this.#unsynced.map(({ entry }) => entry).filter((entry) => !open.has(entry)), ...open]
      : [];
    const after = isHurt ? this.#durableSequence : this.#acknowledgedSequence;
    const { segment, file } = await this.#createSegment();
    const before = { unsynced: this.#unsynced, durableSequence: this.#durableSequence };
    try {
      const header = encodeRecord({
        type: "segment",
        sequence: segment.first,
        format: JOURNAL_FORMAT,
        session: this.#state.session,
        created_at: this.#isoNow(),
        after_sequence: after,
        ...this.#countsBefore(carried),
      });
      this.#state.sequence = segment.first;
      const all = [...carried, ...this.#windowEntry(), ...entries];
      const { buffer, lengths } = this.#encode(all);
      writeAll(file, Buffer.concat([header, buffer]), 0);
      const bytes = header.length + buffer.length;
      const current = {
        segment,
        file,
        bytes,
        sequence: this.#state.sequence,
        durableBytes: 0,
        isInherited: false,
        isHurt: false,
      };
      this.#unsynced = [];
      this.#keepUnsynced(all, lengths);
      // A file that is to be found after a power cut is on the device before anything relies on it.
      await this.#makeDurable(current, "turn");
      if (this.#options.fsync !== "never") await this.#files.syncFolder(this.folder);
      this.#current = current;
    } catch (error) {
      this.#unsynced = before.unsynced;
      this.#durableSequence = before.durableSequence;
      await file.close().catch(() => {});
      try {
        await this.#files.remove(segment.path);
        await this.#files.syncFolder(this.folder);
      } catch {
        // It may come back, and would make void what is written behind the old segment from now on.
        if (old !== null) old.isHurt = true;
      }
      throw error;
    }
    await this.#leaveSegment(old);
  }

  /** A start reads the newest segment alone: each has what of the conversation is shown. */
  #windowEntry(): Entry[] {
    return this.#state.window === null ? [] : [{ type: "window", ...this.#state.window }];
  }

  /** A new file under the next number whose name is free. */
  async #createSegment(): Promise<{ segment: Segment; file: JournalFile }> {
    for (let attempt = 1; ; attempt++) {
      this.#state.sequence += 1;
      const first = this.#state.sequence;
      const segment = { path: segmentPath(this.folder, first), first };
      try {
        return { segment, file: await this.#files.open(segment.path, "create") };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt === NAME_ATTEMPTS) {
          throw new NoNewFileError(error);
        }
      }
    }
  }

  /** The counts as they were before what is carried over, which is counted again when it is read. */
  #countsBefore(carried: readonly Entry[]): JournalSnapshot {
    const counts = this.counts;
    for (const entry of carried) {
      if (entry.type !== "turn") continue;
      counts.turns = Math.min(counts.turns, entry.turn - 1);
      counts.messages -= entry.messages.length;
    }
    return counts;
  }

  /** What was acknowledged and may not arrive is written again, into a new file, as soon as that works. */
  async #leaveHurtSegment(): Promise<void> {
    if (this.#current?.isHurt !== true) return;
    try {
      await this.#writeNewSegment(this.#pending);
      this.#acknowledge(this.#pending);
    } catch {
      // The next write tries again.
    }
  }

  async #leaveSegment(old: CurrentSegment | null): Promise<void> {
    if (old === null) return;
    // What could not be made durable is void by now; cut off, it takes no room and puzzles nobody.
    if (old.isHurt) await old.file.truncate(old.durableBytes).catch(() => {});
    await old.file.close().catch(() => {});
    await this.#prune();
  }

  async #prune(): Promise<void> {
    const { retention } = this.#options;
    if (retention === undefined) return;
    try {
      await prune(this.#files, this.folder, retention, this.#now());
    } catch {
      // What is too old or too much now still is when the next segment is full.
    }
  }

  #encode(entries: readonly Entry[]): { buffer: Buffer; lengths: number[] } {
    const start = this.#state.sequence;
    const lines = entries.map((entry, index) => {
      const { type, ...rest } = entry;
      return encodeRecord({ type, sequence: start + 1 + index, ...rest } as never);
    });
    if (lines.some(({ length }) => length > MAX_RECORD_BYTES)) throw tooLarge();
    this.#state.sequence += lines.length;
    return {
      buffer: lines.length === 1 ? (lines[0] as Buffer) : Buffer.concat(lines),
      lengths: lines.map(({ length }) => length),
    };
  }

  #keepUnsynced(entries: readonly Entry[], lengths: readonly number[]): void {
    if (this.#options.fsync === "never") return;
    this.#unsynced = [...this.#unsynced, ...entries.map((entry, index) => ({ entry, bytes: lengths[index] ?? 0 }))];
  }

  async #makeDurable(current: CurrentSegment, durability: "turn" | "batch" | "never"): Promise<void> {
    if (this.#options.fsync === "never") {
      current.durableBytes = current.bytes;
      this.#durableSequence = current.sequence;
      return;
    }
    const bytes = this.#unsynced.reduce((sum, entry) => sum + entry.bytes, 0);
    const isDue = this.#unsynced.length >= BATCH_TURNS || bytes >= BATCH_BYTES;
    if (durability === "turn" || isDue) await this.#sync(current);
    else if (durability === "batch") this.#syncLater();
  }

  async #sync(current: CurrentSegment): Promise<void> {
    try {
      await current.file.sync();
    } catch (error) {
      current.isHurt = true;
      throw error;
    }
    current.durableBytes = current.bytes;
    this.#durableSequence = current.sequence;
    this.#unsynced = [];
  }

  #syncLater(): void {
    if (this.#syncTimer !== null) return;
    this.#syncTimer = setTimeout(() => {
      this.#syncTimer = null;
      this.#exclusively(async () => {
        const current = this.#current;
        if (current === null || current.isHurt || this.#unsynced.length === 0) return;
        await this.#sync(current).catch(async (cause) => {
          this.#lastError = notSaved(this.folder, cause);
          await this.#leaveHurtSegment();
        });
      }).catch(() => {});
    }, BATCH_MILLISECONDS);
    this.#syncTimer.unref();
  }

  readonly #noteDamage = (segment: Segment, offset: number, bytes: number): void => {
    const { damage } = this.report;
    if (damage.length >= MAX_REPORTED_DAMAGE) return;
    if (damage.some((known) => known.file === segment.path && known.offset === offset)) return;
    damage.push({ file: segment.path, offset, bytes, quarantine: null });
  };

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  #isoNow(): string {
    return new Date(this.#now()).toISOString();
  }
}

/** A segment could not be begun: there is no file. Its cause says why. */
class NoNewFileError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

async function takeFolder(
  files: JournalFiles,
  folder: string,
  lock: (folder: string) => Promise<ReleaseLock>,
): Promise<ReleaseLock> {
  try {
    await files.makeFolder(folder);
    return await lock(folder);
  } catch (cause) {
    if (cause instanceof SessionError) throw cause;
    throw new SessionError({
      code: "session-unreadable",
      message: `The session's folder ${folder} cannot be used.`,
      reason: cause instanceof Error ? cause.message : String(cause),
      hint: "Check session.dir, and who may write there.",
      cause,
    });
  }
}

const hints: Partial<Record<string, string>> = {
  ENOSPC: "Make room on the disk, or limit the session with session.retention.",
  EDQUOT: "Make room in the quota, or limit the session with session.retention.",
  EROFS: "The file system is mounted read-only; after a fault of the disk the system does that by itself.",
  EIO: "The disk or card reports a fault; save what is on it.",
};

function notSaved(folder: string, failure: unknown): SessionError {
  const cause = failure instanceof NoNewFileError ? failure.cause : failure;
  const { code = "", message = String(cause) } = cause as NodeJS.ErrnoException;
  const hint = NanoAgentError.isInstance(cause) ? cause.hint : hints[code];
  return new SessionError({
    code: "session-not-saved",
    message: `The session in ${folder} could not be written.`,
    reason: message,
    hint: hint ?? "Check the folder and who may write there; the next message tries again.",
    cause,
  });
}

function tooLarge(): SessionError {
  return new SessionError({
    code: "session-record-too-large",
    message: `The turn has more than ${MAX_RECORD_BYTES} bytes, the most that a session takes.`,
    hint: "Limit the output of the agent's tools.",
  });
}

function closed(): SessionError {
  return new SessionError({ code: "session-closed", message: "The session was closed.", hint: "Open it again." });
}
