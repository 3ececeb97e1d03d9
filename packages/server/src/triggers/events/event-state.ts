import { ConditionMemory } from "./condition-memory.js";
import type {
  ActEnded,
  ActStarted,
  EventAdded,
  EventEnded,
  EventRecord,
  ScheduleReached,
  TryFailed,
} from "./event-record.js";
import type { OpenAct, OpenEvent } from "./open-event.js";
import { hashOf, RepeatMemory } from "./repeat-memory.js";
import type { KeptLine, NewLine } from "./stored-line.js";
import { countOf, type EndCounts, noCounts, type TriggerCounts } from "./trigger-counts.js";
import { isUncertain } from "./uncertain-act.js";

/** Most triggers of which something is kept. Those that are not in the config any more go first. */
const MAX_TRIGGERS = 1000;
/** Hashes in one line of a snapshot. */
const HASHES_PER_LINE = 500;

interface KeptEvent {
  event: OpenEvent;
  readonly added: EventAdded;
  /** Bytes of all its records. */
  bytes: number;
  /** Whether an act began, and its try has not failed for certain. */
  isBegun: boolean;
}

interface TriggerMemory {
  /** Open events, oldest first. */
  readonly open: Set<string>;
  counts: EndCounts;
  lastEnd: EventEnded | null;
  schedule: Pick<ScheduleReached, "rule" | "through"> | null;
  readonly conditions: ConditionMemory;
  readonly repeats: RepeatMemory;
}

/**
 * All that a log knows. The running log and a start apply the same records in the same way. Applying a record again changes
 * nothing, except for counts. Records of events that are not open have no effect.
 */
export class EventState {
  readonly #open = new Map<string, KeptEvent>();
  readonly #triggers = new Map<string, TriggerMemory>();
  #openBytes = 0;
  #newestAt: number | null = null;

  /** Bytes of the records of all open events. */
  get openBytes(): number {
    return this.#openBytes;
  }

  /** Time at which the last record was written, by the clock of the device. */
  get newestAt(): number | null {
    return this.#newestAt;
  }

  /** Open events, oldest first. */
  get openEvents(): OpenEvent[] {
    return [...this.#open.values()].map(({ event }) => event);
  }

  /** Events of all triggers that ended as `unknown`, since the log began. */
  get unknownEvents(): number {
    return [...this.#triggers.values()].reduce((sum, { counts }) => sum + counts.unknown, 0);
  }

  find(id: string): OpenEvent | null {
    return this.#open.get(id)?.event ?? null;
  }

  /** Open events of a trigger, oldest first. */
  openIds(trigger: string): ReadonlySet<string> {
    return this.#triggers.get(trigger)?.open ?? new Set();
  }

  isBegun(id: string): boolean {
    return this.#open.get(id)?.isBegun === true;
  }

  /** Returns the event with this hash that makes a new one a repeated one, or null. */
  findRepeated(trigger: string, hash: string, now: number, windowMilliseconds: number): string | null {
    return this.#triggers.get(trigger)?.repeats.find(hash, now, windowMilliseconds) ?? null;
  }

  conditionState(trigger: string, topic: string | undefined): unknown {
    return this.#triggers.get(trigger)?.conditions.get(topic ?? null) ?? null;
  }

  scheduleOf(trigger: string): { rule: string; through: number } | null {
    return this.#triggers.get(trigger)?.schedule ?? null;
  }

  countsOf(trigger: string): TriggerCounts {
    const known = this.#triggers.get(trigger);
    return { ...(known?.counts ?? noCounts), open: known?.open.size ?? 0, lastEnd: known?.lastEnd ?? null };
  }

  /**
   * Keeps the time at which a record was written. Not that of an event, which its source gives: a run that the device
   * missed is long ago.
   */
  noteTime(record: NewLine): void {
    if (record.type === "segment") this.#newestAt = record.created_at;
    else if ("at" in record && record.type !== "event") this.#newestAt = record.at;
  }

  /** Applies a record of this length. */
  apply(record: EventRecord | KeptLine, bytes: number): void {
    switch (record.type) {
      case "event":
        this.#add(record, bytes);
        return;
      case "repeated":
        this.#count(record.trigger, "repeated", record.count);
        return;
      case "dropped":
        this.#count(record.trigger, "dropped", record.count);
        return;
      case "schedule": {
        const { rule, through } = record;
        this.#memoryOf(record.trigger).schedule = { rule, through };
        return;
      }
      case "trigger": {
        const memory = this.#memoryOf(record.trigger);
        memory.counts = { ...noCounts, ...record.counts };
        memory.lastEnd = record.last_end;
        memory.schedule = record.schedule;
        return;
      }
      case "condition":
        this.#memoryOf(record.trigger).conditions.set(record.topic, record.state);
        return;
      case "hashes": {
        const { repeats } = this.#memoryOf(record.trigger);
        for (const [hash, until, event] of record.hashes) repeats.add(hash, until, event);
        return;
      }
      default:
        this.#applyToEvent(record, bytes);
        return;
    }
  }

  /** Returns all that is known as records, to begin a segment with. */
  *snapshot(now: number): Generator<EventRecord | KeptLine> {
    for (const kept of this.#open.values()) yield* recordsOf(kept);
    // After the events, which count again when they are applied.
    for (const [trigger, { counts, lastEnd, schedule, conditions, repeats }] of this.#triggers) {
      yield { type: "trigger", trigger, counts, last_end: lastEnd, schedule };
      for (const [topic, state] of conditions.entries()) yield { type: "condition", trigger, topic, state };
      repeats.forget(now);
      const hashes = [...repeats.entries()];
      for (let from = 0; from < hashes.length; from += HASHES_PER_LINE) {
        yield { type: "hashes", trigger, hashes: hashes.slice(from, from + HASHES_PER_LINE) };
      }
    }
  }

  #add(added: EventAdded, bytes: number): void {
    const { id, trigger, at, payload, topic, identity, dedupe, identity_until: identityUntil } = added;
    if (this.#open.has(id)) return;
    const event: OpenEvent = {
      id,
      trigger,
      at,
      payload,
      ...(topic === undefined ? {} : { topic }),
      ...(identity === undefined ? {} : { identity }),
      checked: null,
      acts: [],
      failure: null,
      tries: 0,
      answered: [],
      answer: null,
    };
    this.#open.set(id, { event, added, bytes, isBegun: false });
    this.#openBytes += bytes;
    const memory = this.#memoryOf(trigger);
    memory.open.add(id);
    this.#count(trigger, "added", 1);
    if (added.reached !== undefined) memory.schedule = added.reached;
    if (dedupe !== undefined) memory.repeats.add(dedupe.hash, dedupe.until, id);
    if (identity !== undefined && identityUntil !== undefined) {
      memory.repeats.add(hashOf("identity", identity), identityUntil, id);
    }
  }

  #applyToEvent(record: Extract<EventRecord, { event: string }>, bytes: number): void {
    const kept = this.#open.get(record.event);
    if (kept === undefined) return;
    if (record.type === "end") {
      this.#end(kept, record);
      return;
    }
    const { event } = kept;
    kept.bytes += bytes;
    this.#openBytes += bytes;
    switch (record.type) {
      case "checked":
        kept.event = { ...event, checked: record };
        this.#memoryOf(event.trigger).conditions.set(event.topic ?? null, record.state);
        return;
      case "act":
        kept.isBegun = true;
        kept.event = { ...event, acts: withAct(event.acts, record), tries: Math.max(event.tries, record.try) };
        return;
      case "act-result":
        kept.event = withResult(event, record);
        return;
      case "try-failed":
        kept.isBegun = event.acts.some(isUncertainAct);
        kept.event = { ...event, failure: record, tries: Math.max(event.tries, record.try) };
        return;
      case "answer":
        if (record.problem !== null || event.answered.includes(record.index)) return;
        kept.event = { ...event, answered: [...event.answered, record.index] };
    }
  }

  #end({ event, bytes }: KeptEvent, ended: EventEnded): void {
    this.#open.delete(event.id);
    this.#openBytes -= bytes;
    const memory = this.#memoryOf(event.trigger);
    memory.open.delete(event.id);
    memory.lastEnd = ended;
    this.#count(event.trigger, countOf[ended.outcome] ?? "unknown", 1);
  }

  #count(trigger: string, count: keyof EndCounts, events: number): void {
    const memory = this.#memoryOf(trigger);
    memory.counts = { ...memory.counts, [count]: memory.counts[count] + events };
  }

  /** Returns the memory of a trigger, as the one that was used last. */
  #memoryOf(trigger: string): TriggerMemory {
    const known = this.#triggers.get(trigger);
    if (known !== undefined && this.#triggers.size < MAX_TRIGGERS) return known;
    const memory: TriggerMemory = known ?? {
      open: new Set(),
      counts: noCounts,
      lastEnd: null,
      schedule: null,
      conditions: new ConditionMemory(),
      repeats: new RepeatMemory(),
    };
    this.#triggers.delete(trigger);
    this.#triggers.set(trigger, memory);
    for (const [name, { open }] of this.#triggers) {
      if (this.#triggers.size <= MAX_TRIGGERS) break;
      if (open.size === 0 && name !== trigger) this.#triggers.delete(name);
    }
    return memory;
  }
}

function withAct(acts: readonly OpenAct[], started: ActStarted): OpenAct[] {
  const before = acts.find((known) => known.started.key === started.key);
  if (before === undefined) return [...acts, { started, ended: null, earlier: null }];
  const act = { started, ended: null, earlier: before.earlier ?? doubtIn(before) };
  return acts.map((known) => (known.started.key === started.key ? act : known));
}

function doubtIn(act: OpenAct): OpenAct["earlier"] {
  return isUncertainAct(act) ? { started: act.started, ended: act.ended } : null;
}

function isUncertainAct({ started, ended }: OpenAct): boolean {
  return isUncertain({ ...started, outcome: ended?.outcome ?? null });
}

function withResult(event: OpenEvent, ended: ActEnded): OpenEvent {
  const acts = event.acts.map((act) => (act.started.key === ended.key ? { ...act, ended } : act));
  const isWhole = ended.key === `${event.id}.do` && ended.outcome === "done";
  return { ...event, acts, answer: isWhole ? ended.content : event.answer };
}

/** Returns the records from which an open event can be made again. */
function* recordsOf({ event, added, isBegun }: KeptEvent): Generator<EventRecord> {
  const { id, checked, acts, failure, answered } = event;
  yield added;
  if (checked !== null) yield checked;
  if (failure !== null && isBegun) yield failure;
  for (const act of acts) {
    for (const { started, ended } of act.earlier === null ? [act] : [act.earlier, act]) {
      yield started;
      if (ended !== null) yield ended;
    }
  }
  if (failure !== null && !isBegun) yield failure;
  const at = timeOf(acts, failure) ?? event.at;
  for (const index of answered) yield { type: "answer", event: id, index, problem: null, at };
}

function timeOf(acts: readonly OpenAct[], failure: TryFailed | null): number | undefined {
  const last = acts.at(-1);
  return last?.ended?.at ?? last?.started.at ?? failure?.at;
}
