import { type JournalFiles, localFiles, type Segment } from "@nanoagent/runtime/node";
import type { EventOutcome, TriggerEvent } from "../trigger-event.js";
import { EventLogError, eventsUnreadable } from "./event-log-error.js";
import type { EventRecord, EventsDropped } from "./event-record.js";
import { isContent, listSegments, readHeader, readSegment } from "./event-segment.js";
import { isUncertain } from "./uncertain-act.js";

/** An event of the log, with all that happened to it, or several that were dropped before they were in the queue. */
export interface LoggedEvent {
  readonly event: TriggerEvent;
  /** The last test of the conditions, or null before the first. */
  readonly conditions: { readonly verdict: "met" | "not-met" | "waits"; readonly reason: string } | null;
  /** Acts by key, in the order in which they began. Without an outcome: under way, or cut off. */
  readonly acts: readonly LoggedAct[];
  readonly tries: number;
  readonly answers: readonly { readonly index: number; readonly problem: string | null }[];
  /** Null while the event is open. */
  readonly outcome: EventOutcome | null;
  readonly result: string | null;
  readonly ended_at: number | null;
  /** Only for events that were never in the queue: how many they are. Their payloads are not known. */
  readonly dropped?: number;
}

export interface LoggedAct {
  readonly key: string;
  readonly kind: "tool" | "sentence" | "message";
  readonly tool: string | null;
  readonly arguments: unknown;
  readonly outcome: string | null;
  readonly content: string | null;
  /** Whether a tool began that changes the world, and nobody knows whether it acted. */
  readonly is_uncertain: boolean;
}

type Draft = { -readonly [Key in keyof LoggedEvent]: LoggedEvent[Key] };

/** Acts of which an earlier try has no known result. Not a part of the draft, which is what others get. */
const earlierDoubts = new WeakMap<Draft, Set<string>>();

/**
 * Reads the events of a folder, those that were added last at the end: the open ones, and the past ones that the segments
 * still have. Changes nothing, so another program may write at the same time. Damage is skipped. Throws
 * {@link EventLogError} `events-unreadable` or `events-format-unknown`.
 */
export async function* readEventLog(folder: string, files: JournalFiles = localFiles): AsyncGenerator<LoggedEvent> {
  const segments = await listSegments(files, folder).catch((cause: unknown) => {
    throw eventsUnreadable(folder, cause);
  });
  const afterSeqs: (number | null)[] = [];
  for (const segment of segments) afterSeqs.push((await readHeader(files, segment))?.after_seq ?? null);
  const drafts = new Map<string, Draft>();
  for (const [index, segment] of segments.entries()) {
    const voidAfter = afterSeqs.slice(index + 1).find((after) => after !== null) ?? Number.MAX_VALUE;
    await readInto(drafts, files, segment, voidAfter);
    for (const [id, draft] of drafts) {
      if (draft.outcome === null) break;
      drafts.delete(id);
      yield draft;
    }
  }
  yield* drafts.values();
}

/** Applies the records of a segment. */
async function readInto(
  drafts: Map<string, Draft>,
  files: JournalFiles,
  segment: Segment,
  voidAfter: number,
): Promise<void> {
  const open = new Set<string>();
  const before = new Set(drafts.keys());
  try {
    for await (const { seq, line, isSnapshot, endsWhole } of readSegment(files, segment)) {
      if (line === null) continue;
      // The beginning of a segment that could neither be completed nor removed.
      if (line.type === "segment" && seq > voidAfter) return;
      if (endsWhole) {
        closeOthers(drafts, before, open);
        placeFound(drafts, before, open);
      }
      if (!isContent(line) || seq > voidAfter) continue;
      if (isSnapshot && line.type === "event") open.add(line.id);
      // Earlier segments have more of it than a snapshot.
      if (isSnapshot && before.has(line.type === "event" ? line.id : "event" in line ? line.event : "")) continue;
      apply(drafts, line as EventRecord, seq);
    }
  } catch (error) {
    if (error instanceof EventLogError) throw error;
    // The writer has removed it since, or the device cannot read it.
  }
}

/** Ends events that the snapshot does not have as open. The record of their end is damaged. */
function closeOthers(drafts: Map<string, Draft>, before: ReadonlySet<string>, open: ReadonlySet<string>): void {
  for (const id of before) {
    const draft = drafts.get(id);
    if (draft === undefined || draft.outcome !== null || open.has(id)) continue;
    Object.assign(draft, { outcome: "unknown", result: "The record of its end cannot be read." });
  }
}

/** Moves events that only the snapshot has, since their own records are damaged, before the next one that is known. */
function placeFound(drafts: Map<string, Draft>, before: ReadonlySet<string>, open: ReadonlySet<string>): void {
  const foundBefore = new Map<string, string[]>();
  let found: string[] = [];
  for (const id of open) {
    if (!before.has(id)) found.push(id);
    else if (found.length > 0) {
      foundBefore.set(id, found);
      found = [];
    }
  }
  if (foundBefore.size === 0) return;
  const all = new Map(drafts);
  drafts.clear();
  for (const known of all.keys()) {
    for (const id of [...(foundBefore.get(known) ?? []), known]) {
      const draft = all.get(id);
      // Events that were moved are met again at their old place.
      if (draft !== undefined && !drafts.has(id)) drafts.set(id, draft);
    }
  }
}

function apply(drafts: Map<string, Draft>, record: EventRecord, seq: number): void {
  if (record.type === "dropped") {
    const draft = draftOfDropped(record, seq);
    drafts.set(draft.event.id, draft);
    return;
  }
  if (record.type === "event") {
    const { id, trigger, at, payload, topic, identity } = record;
    const event = { id, trigger, at, payload, ...(topic === undefined ? {} : { topic }) };
    if (drafts.has(id)) return;
    drafts.set(id, newDraft(identity === undefined ? event : { ...event, identity }));
    return;
  }
  const draft = "event" in record ? drafts.get(record.event) : undefined;
  if (draft === undefined) return;
  switch (record.type) {
    case "checked":
      draft.conditions = { verdict: record.verdict, reason: record.reason };
      return;
    case "act": {
      const { key, kind, tool, arguments: given } = record;
      const is_uncertain = isUncertain({ ...record, outcome: null });
      const act: LoggedAct = { key, kind, tool, arguments: given, outcome: null, content: null, is_uncertain };
      const before = draft.acts.find((known) => known.key === key);
      if (before?.is_uncertain) earlierDoubts.set(draft, (earlierDoubts.get(draft) ?? new Set()).add(key));
      const isKnown = before !== undefined;
      draft.acts = isKnown ? draft.acts.map((known) => (known.key === key ? act : known)) : [...draft.acts, act];
      draft.tries = Math.max(draft.tries, record.try);
      return;
    }
    case "act-result": {
      const { key, outcome, content } = record;
      draft.acts = draft.acts.map((act) => {
        if (act.key !== key) return act;
        const isInDoubt = earlierDoubts.get(draft)?.has(key) === true && outcome !== "done";
        const is_uncertain = isInDoubt || (act.is_uncertain && isUncertain({ ...act, outcome }));
        return { ...act, outcome, content, is_uncertain };
      });
      return;
    }
    case "try-failed":
      draft.tries = Math.max(draft.tries, record.try);
      draft.result = record.problem;
      return;
    case "answer": {
      const others = draft.answers.filter(({ index }) => index !== record.index);
      draft.answers = [...others, { index: record.index, problem: record.problem }];
      return;
    }
    case "end":
      Object.assign(draft, {
        tries: record.tries,
        outcome: record.outcome,
        result: record.result,
        ended_at: record.at,
      });
  }
}

function newDraft(event: TriggerEvent): Draft {
  return {
    event,
    conditions: null,
    acts: [],
    tries: 0,
    answers: [],
    outcome: null,
    result: null,
    ended_at: null,
  };
}

function draftOfDropped({ trigger, count, at }: EventsDropped, seq: number): Draft {
  const events = count === 1 ? "An event was" : `${count} events were`;
  return {
    ...newDraft({ id: `dropped-${seq}`, trigger, at, payload: null }),
    outcome: "dropped",
    result: `${events} dropped: the queue was full, or the payload could not be kept.`,
    ended_at: at,
    dropped: count,
  };
}
