import path from "node:path";
import { isOpenToAll } from "../../files/own-files.js";
import { SessionError } from "../session-error.js";
import { sessionClosed, sessionNotSaved, sessionTakenAway } from "./journal-errors.js";
import { type JournalFiles, localFiles } from "./journal-files.js";
import { type FolderLock, lockFolder, takeFolder } from "./journal-lock.js";
import type { ActRecord, JournalEntry, JournalMessage, JournalSnapshot, JournalWindow } from "./journal-record.js";
import {
  addDamage,
  addMissing,
  describeTakenAway,
  emptyReport,
  type JournalReport,
  type MissingTurns,
} from "./journal-report.js";
import type { OpenTurn } from "./open-turn.js";
import { type JournalTurn, readNewestTurns, readTurns } from "./read-turns.js";
import { type RecoveredJournal, recoverJournal } from "./recover-journal.js";
import type { Retention } from "./retention.js";
import type { Segment } from "./segment.js";
import { type Durability, SEGMENT_BYTES, SegmentLog } from "./segment-log.js";
import { applyRecord, openSegment, type SessionState } from "./session-state.js";

export interface JournalOptions {
  /**
   * When a write is forced to the device. `turn`: before a turn is acknowledged. `batch`: at the latest after
   * {@link BATCH_TURNS} turns or {@link BATCH_MILLISECONDS}; a power cut may take these, a kill takes none. `never`: when
   * the system does it. Default: `turn`.
   */
  fsync?: Durability | undefined;
  /** What `appendTurn` does when a turn cannot be saved: throw, or return the error. Default: `refuse`. */
  onWriteError?: "refuse" | "deliver" | undefined;
  /** Default: everything is kept. */
  retention?: Retention | undefined;
  /** Default: {@link SEGMENT_BYTES}. */
  segmentBytes?: number | undefined;
  /** Disk of the journal. Default: this machine's. @internal */
  files?: JournalFiles | undefined;
  /** Locks the folder for this program. Default: {@link lockFolder}. @internal */
  lock?: ((folder: string) => Promise<FolderLock>) | undefined;
  /** Name of this program, for others that want the folder. Default: "nanoagent". */
  owner?: string | undefined;
  /** Milliseconds since 1970. Default: the system's clock. */
  now?: (() => number) | undefined;
  /** Verifies every segment, and not only those since the last good header. Default: false. */
  verifyEverything?: boolean | undefined;
}

/** A call whose start is on the device, so that the tool may run. */
export interface StartedAct {
  /** Identifies this call and no other, also after a restart; the tool gets it as its idempotency key. */
  key: string;
}

/**
 * One conversation on disk: segments of JSON lines, each line with a number and a checksum.
 *
 * - An acknowledged turn survives a kill, and with `turn` a power cut. At most one turn that was not acknowledged follows.
 * - A turn is one line: it is there whole or not at all.
 * - A write that fails leaves nothing behind, and the next one is tried as if it had not been.
 * - After a failed sync nothing more is written to the same file: the system may never write what it still holds of it.
 * - Calls may overlap; they are done one after the other.
 *
 * The state of the session is {@link applyRecord} over its records, here as in the recovery; the files are the business of
 * {@link SegmentLog}. This class turns calls into entries and keeps the calls in order.
 */
export class Journal {
  readonly folder: string;
  /** Findings since the journal was opened. */
  readonly report: JournalReport;
  readonly #options: JournalOptions;
  readonly #files: JournalFiles;
  readonly #lock: FolderLock;
  readonly #log: SegmentLog;
  /** The state after the last record that counts. */
  #state: SessionState;
  #turnsNotSaved = 0;
  #lastError: SessionError | null = null;
  #queue: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | null = null;

  private constructor(
    folder: string,
    options: JournalOptions,
    { state, sequence, report, lock }: RecoveredJournal & { report: JournalReport; lock: FolderLock },
  ) {
    this.folder = folder;
    this.report = report;
    this.#options = options;
    this.#files = options.files ?? localFiles;
    this.#lock = lock;
    this.#state = state;
    const { segmentBytes = SEGMENT_BYTES, retention } = options;
    const log = { files: this.#files, folder, fsync: this.#fsync, segmentBytes, retention, now: () => this.#now() };
    this.#log = new SegmentLog(log, sequence, {
      canRoll: () => this.#state.openTurn === null,
      openSegment: (lost) => openSegment(this.#state, lost),
      onWritten: (records) => {
        const { turns } = this.#state;
        this.#state = records.reduce(applyRecord, this.#state);
        if (this.#state.turns > turns) this.#turnsNotSaved = 0;
      },
      onTakenAway: ({ path: file }) => {
        this.report.notes.push(describeTakenAway(file));
      },
      onSyncDue: () => this.#syncBatch(),
    });
  }

  /**
   * Opens the journal of a folder, which is made if missing, and takes the folder's lock. Repairs and reports damage, which
   * is not an error. Throws {@link SessionError} `session-in-use`, `session-unreadable` or `session-format-unknown`.
   */
  static async open(folder: string, options: JournalOptions = {}): Promise<Journal> {
    const files = options.files ?? localFiles;
    const absolute = path.resolve(folder);
    const { owner = "nanoagent", lock: lockWith = (dir) => lockFolder(dir, owner) } = options;
    const lock = await takeFolder(files, absolute, lockWith);
    try {
      const report = emptyReport();
      if (files === localFiles && (await isOpenToAll(absolute))) report.exposed_folder = absolute;
      const everything = options.verifyEverything ?? false;
      const recovered = await recoverJournal(files, absolute, report, { everything });
      const journal = new Journal(absolute, options, { ...recovered, report, lock });
      const { current, state } = recovered;
      if (current !== null) await journal.#log.resume(current.segment, current.bytes);
      if (state.openTurn !== null) {
        report.unknown_calls.push(...state.openTurn.unknownActs);
        await journal.#endOpenTurn(state.openTurn);
      }
      await journal.#log.pruneOldest();
      return journal;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** The session's name, given when it began. */
  get session(): string {
    return this.#state.session;
  }

  /** Counts over the whole session, including pruned turns. */
  get counts(): JournalSnapshot {
    const { turns, messages, conversation_turn } = this.#state;
    return { turns, messages, conversation_turn };
  }

  /** The part of the conversation that the engine saw last; null where none was recorded. */
  get window(): JournalWindow | null {
    return this.#state.window;
  }

  /** The reason why the last write failed; null when it succeeded. */
  get lastError(): SessionError | null {
    return this.#lastError;
  }

  /**
   * Writes a turn, from the user's message to the reply, in one write and one sync. Resolves with null when it is saved.
   * Otherwise throws {@link SessionError} `session-not-saved`, or resolves with it when the options say `deliver`. A turn
   * larger than {@link MAX_RECORD_BYTES} fails in the same way with `session-record-too-large`.
   */
  async appendTurn(messages: readonly JournalMessage[]): Promise<SessionError | null> {
    try {
      await this.#exclusively(() => this.#append([this.#turnEntry(messages)], this.#fsync));
      return null;
    } catch (error) {
      if (this.#options.onWriteError !== "deliver" || !(error instanceof SessionError)) throw error;
      if (error.code === "session-closed") throw error;
      this.#turnsNotSaved += 1;
      return error;
    }
  }

  /**
   * Records that a tool that changes the world is about to be called. When this resolves, the record is on the device (with
   * `never`: with the system) and the tool may run; when it rejects, the tool must not run. `messages` are those of the turn
   * so far, the assistant's with this call among them. `key` identifies this call and no other. Default: a random one.
   */
  async recordActStart(
    call: ActRecord["call"],
    messages: readonly JournalMessage[],
    key: string = crypto.randomUUID(),
  ): Promise<StartedAct> {
    return this.#exclusively(async () => {
      const { turns, openTurn } = this.#upcoming;
      const fresh = messages.slice(openTurn?.messages.length ?? 0);
      const act: JournalEntry = { type: "act", turn: turns + 1, key, call, messages: fresh, at: this.#isoNow() };
      await this.#append([act], this.#fsync === "never" ? "never" : "turn");
      return { key };
    });
  }

  /**
   * Records the result of an act. It is not synced by itself: the turn's end does that. A failure is kept in
   * {@link lastError} and not thrown, for the tool has run: after a restart the act counts as one that may have happened.
   */
  async recordActResult(act: StartedAct, result: { content: string; is_error: boolean }): Promise<void> {
    const { content, is_error } = result;
    await this.#tryAppend({ type: "act-result", key: act.key, content, is_error });
  }

  /**
   * Ends a turn that failed or was aborted. Returns null when the turn had no acts and is forgotten. A turn with acts stays
   * in the conversation: its messages are returned, with synthetic results for the calls that have none.
   */
  async endFailedTurn(): Promise<readonly JournalMessage[] | null> {
    return this.#exclusively(async () => {
      const { openTurn } = this.#upcoming;
      return openTurn && (await this.#endOpenTurn(openTurn));
    });
  }

  /** Begins a new conversation. The turns before stay readable, and are not part of it. */
  async beginConversation(): Promise<void> {
    await this.#exclusively(async () => {
      const { turns, conversation_turn } = this.#upcoming;
      if (turns >= conversation_turn) this.#log.wait({ type: "conversation" });
      await this.#writeWaiting();
    });
  }

  /**
   * Records the part of the conversation that the engine sees, so that it sees the same after a restart. It is not synced by
   * itself, and a failure is kept in {@link lastError} and not thrown.
   */
  async recordWindow(window: JournalWindow): Promise<void> {
    await this.#tryAppend({ type: "window", ...window });
  }

  /** The newest turns of the conversation, oldest first: as many as cost no more than `maxBytes` together, and at least one. */
  async newestTurns(maxBytes: number, costOf: (message: JournalMessage) => number): Promise<JournalTurn[]> {
    const { conversation_turn: conversationTurn, turns: lastTurn, prunedTurns } = this.#state;
    const waiting = this.#waitingTurns();
    const turns = await readNewestTurns(
      this.#files,
      this.folder,
      { conversationTurn, lastTurn, prunedTurns, maxBytes, costOf },
      { through: this.#log.lastSequence, onDamage: this.#noteDamage, onMissing: this.#noteMissing },
    );
    return [...turns, ...waiting];
  }

  /** All turns from this one on that there are now, oldest first, read as they are asked for. */
  async *turns(from = 1): AsyncGenerator<JournalTurn, void> {
    const waiting = this.#waitingTurns();
    yield* readTurns(this.#files, this.folder, {
      from,
      through: this.#log.lastSequence,
      onDamage: this.#noteDamage,
      onMissing: this.#noteMissing,
    });
    yield* waiting;
  }

  /** Removes the oldest segments until the rest is within these limits; the newest stays. Returns the bytes freed. */
  async prune(retention: Retention): Promise<number> {
    return this.#exclusively(() => this.#log.prune(retention));
  }

  /** Forces to the device what is not there yet, and gives the folder back. Later calls fail with `session-closed`. */
  close(): Promise<void> {
    this.#closing ??= this.#queue.then(async () => {
      await this.#writeWaiting();
      await this.#log.close({ isHeld: await this.#lock.isHeld() });
      await this.#lock.release();
    });
    return this.#closing;
  }

  /** Runs an action after those before it, whether they failed or not. */
  #exclusively<Value>(action: () => Promise<Value>): Promise<Value> {
    if (this.#closing !== null) return Promise.reject(sessionClosed());
    const result = this.#queue.then(action);
    this.#queue = result.catch(() => {});
    return result;
  }

  /** The state after the entries that wait to be written. */
  get #upcoming(): SessionState {
    return this.#log.waiting.reduce(applyRecord, this.#state);
  }

  #turnEntry(messages: readonly JournalMessage[], interrupted: { interrupted?: true } = {}): JournalEntry {
    const notSaved = this.#turnsNotSaved > 0 ? { turns_not_saved: this.#turnsNotSaved } : {};
    return { type: "turn", turn: this.#upcoming.turns + 1, messages, ...notSaved, ...interrupted };
  }

  /** Gives a turn its end. Returns its messages. */
  async #endOpenTurn(openTurn: OpenTurn): Promise<readonly JournalMessage[]> {
    const messages = openTurn.end(this.#isoNow());
    this.#log.wait(this.#turnEntry(messages, { interrupted: true }));
    await this.#writeWaiting();
    return messages;
  }

  /** Appends entries, and keeps the error when that fails. */
  async #append(entries: readonly JournalEntry[], durability: Durability): Promise<void> {
    try {
      if (!(await this.#lock.isHeld())) throw sessionTakenAway(this.folder);
      await this.#log.append(entries, durability);
      this.#lastError = null;
    } catch (cause) {
      this.#lastError = sessionNotSaved(this.folder, cause);
      throw this.#lastError;
    }
  }

  /** Appends an entry without a sync; a failure is only kept. */
  async #tryAppend(entry: JournalEntry): Promise<void> {
    await this.#exclusively(() => this.#append([entry], "never")).catch(() => {});
  }

  /** Tries to write the entries that wait; after a failure they wait on. */
  async #writeWaiting(): Promise<void> {
    if (this.#log.waiting.length > 0) await this.#append([], this.#fsync).catch(() => {});
  }

  #waitingTurns(): JournalTurn[] {
    return this.#log.waiting.flatMap((entry) =>
      entry.type === "turn"
        ? [{ turn: entry.turn, messages: entry.messages, interrupted: true, begins_conversation: false }]
        : [],
    );
  }

  #syncBatch(): void {
    const sync = async () => {
      try {
        if (!(await this.#lock.isHeld())) throw sessionTakenAway(this.folder);
        await this.#log.sync();
      } catch (cause) {
        this.#lastError = sessionNotSaved(this.folder, cause);
      }
    };
    this.#exclusively(sync).catch(() => {});
  }

  readonly #noteDamage = ({ path: file }: Segment, offset: number, bytes: number): void =>
    addDamage(this.report, { file, offset, bytes, quarantine: null });

  readonly #noteMissing = (missing: MissingTurns): void => addMissing(this.report, missing);

  get #fsync(): Durability {
    return this.#options.fsync ?? "turn";
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  #isoNow(): string {
    return new Date(this.#now()).toISOString();
  }
}
