import { ClaimedError, claimFolder, isClaimThere, type JournalFiles, localFiles } from "@nanoagent/runtime/node";
import type { Acceptance, NewEvent } from "../trigger-event.js";
import type { AddRule } from "./add-rule.js";
import { EventLogError, eventEnded, eventsClosed, eventsNotSaved, eventsUnreadable } from "./event-log-error.js";
import type { EventAdded, EventRecord, EventRepeated, EventsDropped } from "./event-record.js";
import type { EventState } from "./event-state.js";
import { asStoredEvent, asStoredRecord } from "./fit-record.js";
import type { OpenEvent } from "./open-event.js";
import { BatchPlan, type PlannedRecord } from "./plan-batch.js";
import { recoverEvents } from "./recover-events.js";
import { SEGMENT_BYTES, SegmentStore } from "./segment-store.js";
import type { TriggerCounts } from "./trigger-counts.js";

const MAX_OPEN_BYTES = 64 * 2 ** 20;
/** Most bytes and requests that one write takes. */
const BATCH_BYTES = 2 ** 20;
const BATCH_REQUESTS = 4096;
/** Most records that wait for a disk that takes nothing. */
const MAX_WAITING = 1000;
/** Waits before the next attempt after a failure, in milliseconds. */
const FIRST_RETRY_MILLISECONDS = 5000;
const LAST_RETRY_MILLISECONDS = 60_000;

export interface EventLogOptions {
  /** Clock, in milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
  /** Name of this program in messages of others that want the folder. Default: `nanoagent`. */
  readonly owner?: string | undefined;
  /** Called when saving begins to fail, and with null when it succeeds again. */
  readonly onProblem?: ((problem: EventLogError | null) => void) | undefined;
  /** The disk. Default: that of this machine. */
  readonly files?: JournalFiles | undefined;
  /** Gets the folder for this program alone. Default: a claim in it. */
  readonly claim?: ((folder: string, owner: string) => Promise<FolderClaim>) | undefined;
  /** Size at which a segment is full. Default: 1 MB. */
  readonly segmentBytes?: number | undefined;
  /** Most bytes of the records of all open events. Beyond that, new events are refused. Default: 64 MB. */
  readonly maxOpenBytes?: number | undefined;
}

export interface FolderClaim {
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

type Counted = EventRepeated | EventsDropped;

type Request =
  | {
      readonly type: "add";
      readonly event: NewEvent;
      readonly rule: AddRule;
      readonly bytes: number;
      readonly resolve: (acceptance: Acceptance) => void;
    }
  | {
      readonly type: "append";
      readonly record: EventRecord;
      readonly synced: boolean;
      readonly bytes: number;
      readonly resolve: () => void;
      readonly reject: (error: EventLogError) => void;
    }
  /** An event that can never be kept. */
  | { readonly type: "loss"; readonly trigger: string; readonly bytes: number; readonly resolve: () => void }
  | { readonly type: "flush"; readonly bytes: number; readonly resolve: () => void };

/** How a request is answered after a write. */
interface Answer {
  readonly synced: boolean;
  readonly succeed: () => void;
  readonly fail: (error: EventLogError) => void;
}

/**
 * The queue of events on disk. Everything that waits is written and synced together.
 *
 * Records of facts (all but `act`) are never lost while the program runs: after a failed write, they are in memory, and
 * the next write that succeeds saves them. Events, and acts that are about to run, are refused instead.
 */
export class EventLog {
  readonly notices: readonly string[];
  readonly #folder: string;
  readonly #now: () => number;
  readonly #onProblem: (problem: EventLogError | null) => void;
  readonly #maxOpenBytes: number;
  readonly #claim: FolderClaim;
  readonly #store: SegmentStore;
  readonly #state: EventState;
  readonly #newestAt: number | null;
  readonly #requests: Request[] = [];
  #requestBytes = 0;
  /** Facts that are in the state but in no file. */
  #waiting: EventRecord[] = [];
  /** Whether there were too many of them. Then only a new segment has them all. */
  #hasForgotten = false;
  /** Counts that are in the state but in no file. The next write has them. */
  readonly #counted = new Map<string, Counted>();
  #isWorking = false;
  #problem: EventLogError | null = null;
  #retryMilliseconds = FIRST_RETRY_MILLISECONDS;
  #retryTimer: ReturnType<typeof setTimeout> | null = null;
  #closing: Promise<void> | null = null;

  private constructor(
    folder: string,
    options: EventLogOptions,
    parts: { claim: FolderClaim; store: SegmentStore; state: EventState; notices: readonly string[] },
  ) {
    this.#folder = folder;
    this.#now = options.now ?? Date.now;
    this.#onProblem = options.onProblem ?? (() => {});
    this.#maxOpenBytes = options.maxOpenBytes ?? MAX_OPEN_BYTES;
    this.#claim = parts.claim;
    this.#store = parts.store;
    this.#state = parts.state;
    this.#newestAt = parts.state.newestAt;
    this.notices = parts.notices;
  }

  /**
   * Opens the log of a folder, which is created if it does not exist, and recovers it. Damage is skipped and reported in
   * {@link notices}. Throws {@link EventLogError} `events-in-use`, `events-unreadable` or `events-format-unknown`.
   */
  static async open(folder: string, options: EventLogOptions = {}): Promise<EventLog> {
    const { files = localFiles, claim = claimEvents, owner = "nanoagent", segmentBytes = SEGMENT_BYTES } = options;
    const held = await files
      .makeFolder(folder)
      .then(() => claim(folder, owner))
      .catch((cause: unknown) => {
        throw cause instanceof EventLogError ? cause : eventsUnreadable(folder, cause);
      });
    try {
      const recovered = await recoverEvents(files, folder);
      const now = options.now ?? Date.now;
      const store = new SegmentStore({ files, folder, segmentBytes, now, isHeld: () => held.isHeld() }, recovered);
      if (recovered.resumable !== null) await store.resume(recovered.resumable);
      const { state, notices } = recovered;
      return new EventLog(folder, options, { claim: held, store, state, notices });
    } catch (error) {
      await held.release().catch(() => {});
      throw error;
    }
  }

  /**
   * Time of the newest record at the start, in milliseconds since 1970, or null without records. The clock of the device
   * cannot be before it, unless it was wrong then.
   */
  get newestAt(): number | null {
    return this.#newestAt;
  }

  /** Open events of all triggers, oldest first. All are on disk. */
  get openEvents(): readonly OpenEvent[] {
    return this.#state.openEvents;
  }

  /** Events of all triggers that ended as `unknown`, since the log began. */
  get unknownEvents(): number {
    return this.#state.unknownEvents;
  }

  /** Bytes of all segments on disk. */
  get sizeBytes(): number {
    return this.#store.sizeBytes;
  }

  /** Why the last write failed, or null. */
  get problem(): EventLogError | null {
    return this.#problem;
  }

  /** Returns an open event, or null if it has ended or never was. */
  find(id: string): OpenEvent | null {
    return this.#state.find(id);
  }

  /** Returns the state that the conditions of a trigger last had for a topic, or null. */
  conditionState(trigger: string, topic: string | undefined): unknown {
    return this.#state.conditionState(trigger, topic);
  }

  scheduleOf(trigger: string): { rule: string; through: number } | null {
    return this.#state.scheduleOf(trigger);
  }

  countsOf(trigger: string): TriggerCounts {
    return this.#state.countsOf(trigger);
  }

  /** Adds an event to the queue. Resolves when its fate is on disk, and never rejects. */
  add(event: NewEvent, rule: AddRule): Promise<Acceptance> {
    if (this.#closing !== null) return Promise.resolve({ status: "refused", reason: "closed" });
    const stored = asStoredEvent(event);
    if ("reason" in stored) {
      const { reason } = stored;
      return new Promise((resolve) => {
        const refuse = () => resolve({ status: "refused", reason });
        this.#request({ type: "loss", trigger: event.trigger, bytes: 0, resolve: refuse });
      });
    }
    const { bytes } = stored;
    if (this.#state.openBytes + this.#requestBytes + bytes > this.#maxOpenBytes) {
      return Promise.resolve({ status: "refused", reason: "full" });
    }
    return new Promise((resolve) => this.#request({ type: "add", event: stored.event, rule, bytes, resolve }));
  }

  /**
   * Appends a record. Resolves when it is on disk; without `synced`, when it is written, and a power cut can still undo it.
   * A fact about an event that has ended has no effect. Texts are cut at 8 KB.
   *
   * Rejects with {@link EventLogError}: `events-not-saved`, after which a fact is kept in memory and saved later, but an
   * act must not run; `event-ended` for an act; `event-record-too-large`; `events-closed`.
   */
  append(record: Exclude<EventRecord, EventAdded>, { synced = true }: { synced?: boolean } = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closing !== null) throw eventsClosed();
      const stored = asStoredRecord(record);
      this.#request({ type: "append", ...stored, synced, resolve, reject });
    });
  }

  /** Waits for what is being written, saves the rest, and gives up the folder. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    await new Promise<void>((resolve) => this.#request({ type: "flush", bytes: 0, resolve }));
    await this.#store.close();
    await this.#claim.release().catch(() => {});
  }

  #request(request: Request): void {
    this.#requests.push(request);
    this.#requestBytes += request.bytes;
    if (this.#isWorking) return;
    this.#isWorking = true;
    void this.#work();
  }

  async #work(): Promise<void> {
    // All requests of the same moment go into one write.
    await null;
    while (this.#requests.length > 0) await this.#write(this.#takeBatch());
    this.#isWorking = false;
  }

  #takeBatch(): Request[] {
    let bytes = 0;
    let count = 0;
    for (const request of this.#requests) {
      if (count > 0 && (bytes + request.bytes > BATCH_BYTES || count === BATCH_REQUESTS)) break;
      bytes += request.bytes;
      count += 1;
    }
    this.#requestBytes -= bytes;
    return this.#requests.splice(0, count);
  }

  /** Writes what these requests need, and answers them. */
  async #write(batch: readonly Request[]): Promise<void> {
    const plan = new BatchPlan(this.#state, this.#now());
    const answers = batch.map((request) => this.#plan(plan, request)).filter((answer) => answer !== null);
    const hasRest = this.#waiting.length > 0 || (this.#closing !== null && this.#counted.size > 0);
    if (plan.records.length > 0 || hasRest || this.#problem !== null) {
      try {
        await this.#save(plan.records, answers.some(({ synced }) => synced) || hasRest);
      } catch (cause) {
        const error = eventsNotSaved(this.#folder, cause);
        this.#keep(plan.records);
        this.#noteProblem(error);
        for (const { fail } of answers) fail(error);
        return;
      }
      this.#noteProblem(null);
    }
    for (const { record, bytes } of plan.records) this.#state.apply(record, bytes);
    for (const { succeed } of answers) succeed();
  }

  /** Adds a request to a write. Returns null if the request is answered already. */
  #plan(plan: BatchPlan, request: Request): Answer | null {
    if (request.type === "flush") return { synced: false, succeed: request.resolve, fail: request.resolve };
    if (request.type === "loss") {
      this.#count(request.trigger, { status: "dropped" });
      request.resolve();
      return null;
    }
    if (request.type === "add") {
      const { event, resolve } = request;
      const { acceptance, isSaved } = plan.add(event, request.rule, request.bytes);
      const succeed = () => {
        this.#count(event.trigger, acceptance);
        resolve(acceptance);
      };
      if (!isSaved) return { synced: true, succeed, fail: () => resolve({ status: "refused", reason: "not-saved" }) };
      succeed();
      return null;
    }
    const { record, bytes, synced, resolve, reject } = request;
    // While facts wait to be saved, the end of the event may be one of them.
    if (plan.append(record, bytes) || (record.type !== "act" && this.#waiting.length > 0)) {
      return { synced, succeed: resolve, fail: reject };
    }
    if (record.type === "act") reject(eventEnded(record.event));
    else resolve();
    return null;
  }

  async #save(records: readonly PlannedRecord[], synced: boolean): Promise<void> {
    const planned = records.map(({ record }) => record);
    await this.#store.save({
      extension: [...this.#waiting, ...this.#counted.values(), ...planned],
      snapshot: () => this.#state.snapshot(this.#now()),
      lines: [...this.#waiting, ...planned],
      synced,
      // Without lines, only a whole segment shows that the disk takes data again.
      mustRenew: this.#hasForgotten || (this.#problem !== null && planned.length + this.#waiting.length === 0),
    });
    this.#waiting = [];
    this.#hasForgotten = false;
    this.#counted.clear();
  }

  /** Keeps the facts among records that could not be saved. */
  #keep(records: readonly PlannedRecord[]): void {
    for (const { record, bytes, isFact } of records) {
      if (!isFact) continue;
      this.#state.apply(record, bytes);
      this.#waiting.push(record);
    }
    if (this.#waiting.length <= MAX_WAITING) return;
    this.#waiting = [];
    this.#hasForgotten = true;
  }

  /** Counts an event that is not kept. The count is saved with the next write. */
  #count(trigger: string, acceptance: Acceptance): void {
    const { status } = acceptance;
    if (status !== "repeated" && status !== "dropped") return;
    const of = status === "repeated" ? acceptance.id : null;
    const key = `${status} ${trigger} ${of}`;
    const known = this.#counted.get(key);
    const at = this.#now();
    const record: Counted =
      status === "repeated" ? { type: status, trigger, of, count: 1, at } : { type: status, trigger, count: 1, at };
    this.#state.apply(record, 0);
    // Beyond that, only the next snapshot has the count.
    if (known === undefined && this.#counted.size >= MAX_WAITING) return;
    this.#counted.set(key, { ...record, count: (known?.count ?? 0) + 1 });
  }

  #noteProblem(problem: EventLogError | null): void {
    const before = this.#problem;
    this.#problem = problem;
    if (problem === null) this.#retryMilliseconds = FIRST_RETRY_MILLISECONDS;
    else this.#retryLater();
    if (before?.reason !== problem?.reason) this.#onProblem(problem);
  }

  #retryLater(): void {
    if (this.#retryTimer !== null || this.#closing !== null) return;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      if (this.#closing === null && this.#problem !== null) {
        this.#request({ type: "flush", bytes: 0, resolve: () => {} });
      }
    }, this.#retryMilliseconds);
    this.#retryTimer.unref();
    this.#retryMilliseconds = Math.min(2 * this.#retryMilliseconds, LAST_RETRY_MILLISECONDS);
  }
}

/** Claims the folder of events. Throws {@link EventLogError} `events-in-use`. */
async function claimEvents(folder: string, name: string): Promise<FolderClaim> {
  try {
    const claim = await claimFolder(folder, name);
    return { isHeld: () => isClaimThere(claim), release: () => claim.release() };
  } catch (cause) {
    if (!(cause instanceof ClaimedError)) throw cause;
    const { owner } = cause;
    const who = owner === null ? "An unresponsive program" : `${owner.name} (process ${owner.pid} on ${owner.host})`;
    throw new EventLogError({
      code: "events-in-use",
      message: `The events in ${folder} are already in use.`,
      reason: `${who} works on them. Only one program at a time can do so.`,
      hint: "Stop that program, or set another session.dir for this agent.",
      cause,
    });
  }
}
