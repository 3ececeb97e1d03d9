import { randomBytes } from "node:crypto";
import type { Acceptance, NewEvent } from "../trigger-event.js";
import type { AddRule } from "./add-rule.js";
import type { EventAdded, EventRecord } from "./event-record.js";
import type { EventState } from "./event-state.js";
import { hashOf } from "./repeat-memory.js";

/** Time for which the identity of an event is remembered at least. */
const IDENTITY_MILLISECONDS = 24 * 60 * 60 * 1000;
const ID_BYTES = 8;

/** Fate of an event: `isSaved` if nothing needs to be written for it. */
export interface PlannedAdd {
  readonly acceptance: Acceptance;
  readonly isSaved: boolean;
}

/** A record, the bytes that it counts as, and whether it states a fact that is true even if it cannot be saved. */
export interface PlannedRecord {
  readonly record: EventRecord;
  readonly bytes: number;
  readonly isFact: boolean;
}

/** The records of one write. Every decision counts those before it, although nothing is on disk yet. */
export class BatchPlan {
  readonly #state: EventState;
  readonly #now: number;
  readonly #records: PlannedRecord[] = [];
  /** Events of the batch by trigger, oldest first. */
  readonly #added = new Map<string, string[]>();
  readonly #ended = new Set<string>();
  readonly #endedOf = new Map<string, number>();
  readonly #remembered = new Map<string, string>();

  constructor(state: EventState, now: number) {
    this.#state = state;
    this.#now = now;
  }

  get records(): readonly PlannedRecord[] {
    return this.#records;
  }

  /** Decides about a new event. */
  add(event: NewEvent, rule: AddRule, bytes: number): PlannedAdd {
    const { trigger, topic, identity, reached } = event;
    const marks = this.#marksOf(event, rule);
    for (const { hash, windowMilliseconds } of marks) {
      const own = this.#remembered.get(`${trigger}\n${hash}`);
      if (own !== undefined) return { acceptance: { status: "repeated", id: own }, isSaved: false };
      const id = this.#state.findRepeated(trigger, hash, this.#now, windowMilliseconds);
      if (id !== null) return { acceptance: { status: "repeated", id }, isSaved: true };
    }
    const refusal = this.#makeRoom(trigger, rule);
    if (refusal !== null) return { acceptance: refusal, isSaved: true };
    const id = randomBytes(ID_BYTES).toString("hex");
    const value = marks.find(({ kind }) => kind === "value");
    const own = marks.find(({ kind }) => kind === "identity");
    const record: EventAdded = {
      type: "event",
      id,
      trigger,
      at: event.at,
      payload: event.payload,
      ...(topic === undefined ? {} : { topic }),
      ...(identity === undefined ? {} : { identity }),
      ...(reached === undefined ? {} : { reached }),
      ...(value === undefined ? {} : { dedupe: { hash: value.hash, until: this.#now + value.windowMilliseconds } }),
      ...(own === undefined ? {} : { identity_until: this.#now + own.windowMilliseconds }),
    };
    this.#records.push({ record, bytes, isFact: false });
    const added = this.#added.get(trigger);
    if (added === undefined) this.#added.set(trigger, [id]);
    else added.push(id);
    for (const { hash } of marks) this.#remembered.set(`${trigger}\n${hash}`, id);
    return { acceptance: { status: "kept", id }, isSaved: false };
  }

  /** Adds a record, unless its event has ended. Returns whether it was added. */
  append(record: EventRecord, bytes: number): boolean {
    if ("event" in record) {
      if (this.#state.find(record.event) === null || this.#ended.has(record.event)) return false;
      if (record.type === "end") this.#noteEnd(record.event, this.#state.find(record.event)?.trigger ?? "");
    }
    this.#records.push({ record, bytes, isFact: record.type !== "act" });
    return true;
  }

  #marksOf({ identity }: NewEvent, { repeats }: AddRule) {
    const marks: { kind: "identity" | "value"; hash: string; windowMilliseconds: number }[] = [];
    const window = repeats?.windowMilliseconds ?? 0;
    if (identity !== undefined) {
      const windowMilliseconds = Math.max(window, IDENTITY_MILLISECONDS);
      marks.push({ kind: "identity", hash: hashOf("identity", identity), windowMilliseconds });
    }
    if (repeats !== null) {
      marks.push({ kind: "value", hash: hashOf("value", repeats.value), windowMilliseconds: window });
    }
    return marks;
  }

  /** Makes room for an event as the rule says. Returns its fate if it gets none. */
  #makeRoom(trigger: string, { maxEvents, whenFull }: AddRule): Acceptance | null {
    const added = this.#added.get(trigger) ?? [];
    const stored = this.#state.openIds(trigger);
    const open = stored.size + added.length - (this.#endedOf.get(trigger) ?? 0);
    if (open < maxEvents) return null;
    if (whenFull === "refuse") return { status: "refused", reason: "full" };
    if (whenFull === "drop-newest") return { status: "dropped" };
    const oldest = this.#findDroppable(stored) ?? this.#findDroppable(added);
    if (oldest !== null) {
      const record: EventRecord = {
        type: "end",
        event: oldest,
        outcome: "dropped",
        tries: this.#state.find(oldest)?.tries ?? 0,
        result: "The queue was full, and a newer event came.",
        at: this.#now,
      };
      // It ends only if the newer one is saved.
      this.#records.push({ record, bytes: 0, isFact: false });
      this.#noteEnd(oldest, trigger);
      return null;
    }
    // All are being worked on. One that is newer waits beside them.
    return open < 2 * maxEvents ? null : { status: "dropped" };
  }

  #findDroppable(ids: Iterable<string>): string | null {
    for (const id of ids) if (!this.#ended.has(id) && !this.#state.isBegun(id)) return id;
    return null;
  }

  #noteEnd(id: string, trigger: string): void {
    this.#ended.add(id);
    this.#endedOf.set(trigger, (this.#endedOf.get(trigger) ?? 0) + 1);
  }
}
