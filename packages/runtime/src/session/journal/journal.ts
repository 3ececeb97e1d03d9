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
   * When writes are forced to the device. `turn`: before a turn is acknowledged. `batch`: after {@link BATCH_TURNS}
   * turns or {@link BATCH_MILLISECONDS} at the latest; a power cut may lose these turns, a kill does not. `never`: when
   * the system decides. Default: `turn`.
   */
  fsync?: Durability | undefined;
  /** Behavior of `appendTurn` if a turn cannot be saved: throw, or return the error. Default: `refuse`. */
  onWriteError?: "refuse" | "deliver" | undefined;
  /** Default: unlimited. */
  retention?: Retention | undefined;
  /** Default: 1 MB. */
  segmentBytes?: number | undefined;
  /** Disk of the journal. Default: this machine's. @internal */
  files?: JournalFiles | undefined;
  /** Locks the folder for this program. Default: {@link lockFolder}. @internal */
  lock?: ((folder: string) => Promise<FolderLock>) | undefined;
  /** Name of this program, shown to others that open the folder. Default: "nanoagent". */
  owner?: string | undefined;
  /** Clock, in milliseconds since 1970. Default: the system's clock. */
  now?: (() => number) | undefined;
  /** Whether to verify every segment, not only those since the last valid header. Default: false. */
  verifyEverything?: boolean | undefined;
}

/** A call whose start is on the device, so that the tool can run. */
export interface StartedAct {
  /** Unique identifier of this call, also across restarts. The tool gets it as its idempotency key. */
  key: string;
}

/**
 * One conversation on disk: segments of JSON lines, each line with a number and a checksum.
 *
 * - An acknowledged turn survives a kill and, with `turn`, a power cut. At most one unacknowledged turn can follow it.
 * - A turn is one line, so it exists completely or not at all.
 * - A failed write leaves nothing behind, and the next one is independent of it.
 * - After a failed sync nothing more is written to the same file, because the system may never write its cached data.
 * - Calls may overlap. They are executed one after the other.
 *
 * `applyRecord` computes the session's state from its records, here and during recovery. `SegmentLog` handles the
 * files. This class turns calls into entries and keeps the calls in order.
 */
export class Journal {
  readonly folder: string;
  /** Findings since the journal was opened. */
  readonly report: JournalReport;
  readonly #options: JournalOptions;
  readonly #files: JournalFiles;
  readonly #lock: FolderLock;
  readonly #log: SegmentLog;
  /** The state after the last valid record. */
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
   * Opens the journal of a folder, creates the folder if it is missing, and locks it. Repairs and reports damage
   * instead of failing. Throws {@link SessionError} `session-in-use`, `session-unreadable` or `session-format-unknown`.
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

  /** Name of the session, assigned when it began. */
  get session(): string {
    return this.#state.session;
  }

  /** Counts of the complete session, including pruned turns. */
  get counts(): JournalSnapshot {
    const { turns, messages, conversation_turn } = this.#state;
    return { turns, messages, conversation_turn };
  }

  /** The part of the conversation that the engine saw last, or null if none was recorded. */
  get window(): JournalWindow | null {
    return this.#state.window;
  }

  /** Error of the last write, or null if it succeeded. */
  get lastError(): SessionError | null {
    return this.#lastError;
  }

  /**
   * Writes a turn, from the user's message to the reply, in one write and one sync. Resolves with null when it is
   * saved. Otherwise throws {@link SessionError} `session-not-saved`, or resolves with it if `onWriteError` is
   * `deliver`. A turn larger than 32 MB fails in the same way with `session-record-too-large`.
   */
  async appendTurn(messages: readonly JournalMessage[]): Promise<SessionError | null> {
    return this.#orDeliver(1, () => this.#append([this.#turnEntry(messages)], this.#fsync));
  }

  /**
   * Begins a new conversation with turns that were held elsewhere, oldest first, in one write and one sync. If that
   * fails, the old conversation is still the current one. Otherwise like `appendTurn`. With `deliver`, the new conversation
   * then begins with the next turn that is saved.
   */
  async restartConversation(turns: readonly (readonly JournalMessage[])[]): Promise<SessionError | null> {
    return this.#orDeliver(turns.length, async () => {
      const { turns: last, conversation_turn } = this.#upcoming;
      const begin: JournalEntry[] = last >= conversation_turn ? [{ type: "conversation" }] : [];
      const entries = turns.map(
        (messages, index): JournalEntry => ({ type: "turn", turn: last + 1 + index, messages }),
      );
      if (begin.length + entries.length === 0) return;
      try {
        await this.#append([...begin, ...entries], this.#fsync);
      } catch (error) {
        if (this.#delivers) for (const entry of begin) this.#log.wait(entry);
        throw error;
      }
    });
  }

  /**
   * Records that a tool that changes the world is about to be called. When this resolves, the record is on the device
   * (with `never`: in the system's cache) and the tool may run; if it rejects, the tool must not run. `messages` are
   * the turn's messages so far, including the assistant's with this call. `key` uniquely identifies the call. Default:
   * a random key.
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
   * Records the result of an act. The turn's end syncs it. A failure is kept in {@link lastError} and not thrown,
   * because the tool has already run; after a restart such an act counts as one that may have happened.
   */
  async recordActResult(act: StartedAct, result: { content: string; is_error: boolean }): Promise<void> {
    const { content, is_error } = result;
    await this.#tryAppend({ type: "act-result", key: act.key, content, is_error });
  }

  /**
   * Ends a turn that failed or was aborted. A turn without acts is discarded, and this returns null. A turn with acts
   * stays in the conversation: this returns its messages, with synthetic results for the calls that have none.
   */
  async endFailedTurn(): Promise<readonly JournalMessage[] | null> {
    return this.#exclusively(async () => {
      const { openTurn } = this.#upcoming;
      return openTurn && (await this.#endOpenTurn(openTurn));
    });
  }

  /** Begins a new conversation. Earlier turns stay readable but are not part of it. */
  async beginConversation(): Promise<void> {
    await this.#exclusively(async () => {
      const { turns, conversation_turn } = this.#upcoming;
      if (turns >= conversation_turn) this.#log.wait({ type: "conversation" });
      await this.#writeWaiting();
    });
  }

  /**
   * Records the part of the conversation that the engine sees, so that it is the same after a restart. The next sync
   * covers it. A failure is kept in {@link lastError} and not thrown.
   */
  async recordWindow(window: JournalWindow): Promise<void> {
    await this.#tryAppend({ type: "window", ...window });
  }

  /** Returns the newest turns of the conversation, oldest first: as many as fit `maxBytes`, and at least one. */
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

  /** Yields all existing turns from this number on, oldest first. Reads them on demand. */
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

  /** Yields all existing turns of the conversation, oldest first, as they are after the calls before this one. */
  async *conversationTurns(): AsyncGenerator<JournalTurn, void> {
    const { conversation_turn } = await this.#exclusively(async () => this.#upcoming);
    for await (const turn of this.turns(conversation_turn)) if (turn.turn >= conversation_turn) yield turn;
  }

  /**
   * Removes the oldest segments until the session is within these limits. The newest stays. Returns the bytes freed.
   */
  async prune(retention: Retention): Promise<number> {
    return this.#exclusively(() => this.#log.prune(retention));
  }

  /** Syncs pending writes and releases the folder. Later calls fail with `session-closed`. */
  close(): Promise<void> {
    this.#closing ??= this.#queue.then(async () => {
      await this.#writeWaiting();
      await this.#log.close({ isHeld: await this.#lock.isHeld() });
      await this.#lock.release();
    });
    return this.#closing;
  }

  /** Runs an action after the previous ones, regardless of whether they failed. */
  #exclusively<Value>(action: () => Promise<Value>): Promise<Value> {
    if (this.#closing !== null) return Promise.reject(sessionClosed());
    const result = this.#queue.then(action);
    this.#queue = result.catch(() => {});
    return result;
  }

  /** Runs an action that writes turns. Resolves with its error instead of throwing it if `onWriteError` is `deliver`. */
  async #orDeliver(turns: number, write: () => Promise<void>): Promise<SessionError | null> {
    try {
      await this.#exclusively(write);
      return null;
    } catch (error) {
      if (!this.#delivers || !(error instanceof SessionError)) throw error;
      if (error.code === "session-closed") throw error;
      this.#turnsNotSaved += turns;
      return error;
    }
  }

  get #delivers(): boolean {
    return this.#options.onWriteError === "deliver";
  }

  /** The state after the pending entries. */
  get #upcoming(): SessionState {
    return this.#log.waiting.reduce(applyRecord, this.#state);
  }

  #turnEntry(messages: readonly JournalMessage[], interrupted: { interrupted?: true } = {}): JournalEntry {
    const notSaved = this.#turnsNotSaved > 0 ? { turns_not_saved: this.#turnsNotSaved } : {};
    return { type: "turn", turn: this.#upcoming.turns + 1, messages, ...notSaved, ...interrupted };
  }

  /** Ends a turn. Returns its messages. */
  async #endOpenTurn(openTurn: OpenTurn): Promise<readonly JournalMessage[]> {
    const messages = openTurn.end(this.#isoNow());
    this.#log.wait(this.#turnEntry(messages, { interrupted: true }));
    await this.#writeWaiting();
    return messages;
  }

  /** Appends entries, and keeps the error if that fails. */
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

  /** Appends an entry without a sync. A failure is kept, not thrown. */
  async #tryAppend(entry: JournalEntry): Promise<void> {
    await this.#exclusively(() => this.#append([entry], "never")).catch(() => {});
  }

  /** Tries to write the pending entries. After a failure they stay pending. */
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
