import { asSentence, cutText, NanoAgentError, type TriggerSettings } from "@nanoagent/models";
import { TopicNotices } from "../mqtt/topic-notices.js";
import { type Acted, ActTries } from "./act-tries.js";
import { saveRecord } from "./acts/save-record.js";
import { uncertainActs } from "./acts/unknown-acts.js";
import { AnswerLines } from "./answer-lines.js";
import { ConditionTests } from "./condition-tests.js";
import { EventAges } from "./event-ages.js";
import type { EventEnded } from "./events/event-record.js";
import { MAX_TEXT_CHARACTERS } from "./events/fit-record.js";
import type { OpenEvent } from "./events/open-event.js";
import { queueRule } from "./queue-rule.js";
import { settledEnd } from "./settled-end.js";
import type { Acceptance, EventOutcome, NewEvent } from "./trigger-event.js";
import type { TriggerNotice, TriggerParts } from "./trigger-parts.js";

/** Time for acts and answers that are under way when the triggers stop, in milliseconds. Turns of a service have as much. */
const GRACE_MILLISECONDS = 10_000;
/** Shortest time between two notices of a level, in milliseconds. */
const NOTICE_MILLISECONDS = 60_000;
/** Most characters of a topic in a notice. */
const MAX_TOPIC_CHARACTERS = 200;

/**
 * The work of one trigger, from an event to its end. Each step is on disk before the next one begins, and a start goes on
 * where the last one stopped.
 */
export class TriggerRunner {
  readonly settings: TriggerSettings;
  readonly #parts: TriggerParts;
  readonly #ages: EventAges;
  readonly #conditions: ConditionTests;
  readonly #acts: ActTries;
  readonly #answers: AnswerLines;
  readonly #stopping = new AbortController();
  readonly #working = new Set<Promise<void>>();
  /** Called when an event has ended, so that the queue may have room. */
  onRoom: () => void = () => {};
  #failure: string | null = null;
  #isFull = false;
  #last: EventEnded | null;
  /** When a notice of a level was passed on, by the clock that never jumps. */
  readonly #notified = new Map<TriggerNotice["level"], number>();
  readonly #lossNotices = new TopicNotices();

  constructor(settings: TriggerSettings, parts: TriggerParts) {
    this.settings = settings;
    this.#parts = parts;
    this.#ages = new EventAges(parts.clock);
    const own = {
      ...parts,
      settings,
      ages: this.#ages,
      onFailedTry: (problem: string) => this.#noteFailedTry(problem),
    };
    this.#conditions = new ConditionTests(own);
    this.#acts = new ActTries(own);
    this.#answers = new AnswerLines(own);
    const { lastEnd } = parts.log.countsOf(settings.name);
    this.#last = lastEnd?.outcome === "not-met" ? null : lastEnd;
    if (lastEnd !== null && isFailure(lastEnd.outcome)) this.#failure = lastEnd.result;
  }

  /** Problem of the last event or of the try that is repeated, or null once an event was done. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Whether the last event was refused because the queue is full. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** End of the last event whose conditions were met, or null. */
  get last(): EventEnded | null {
    return this.#last;
  }

  /** Takes an event of the source. It is on disk when the promise resolves, and the work on it begins. */
  readonly accept = async (event: NewEvent): Promise<Acceptance> => {
    if (this.#stopping.signal.aborted) return { status: "refused", reason: "closed" };
    const { log } = this.#parts;
    const acceptance = await log.add(event, queueRule(this.settings, event));
    this.#noteAcceptance(acceptance, event);
    const open = acceptance.status === "kept" ? log.find(acceptance.id) : null;
    if (open !== null) {
      this.#ages.noteAccepted(open);
      this.#begin(open, null);
    }
    return acceptance;
  };

  /** Goes on with an event of an earlier run of this program, which was last there at this time. */
  resume(event: OpenEvent, resumedAt: number | null): void {
    this.#begin(event, resumedAt ?? event.at);
  }

  /** Begins no further step. Acts that run may end within 10 seconds. What is left goes on at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([
      this.#conditions.stop(),
      this.#acts.stop(GRACE_MILLISECONDS),
      this.#answers.stop(GRACE_MILLISECONDS),
    ]);
    await Promise.all(this.#working);
  }

  #begin(event: OpenEvent, resumedAt: number | null): void {
    const working = this.#work(event, resumedAt)
      .catch((error: unknown) => this.#noteUnexpected(error))
      .finally(() => {
        this.#working.delete(working);
        this.#ages.forget(event);
      });
    this.#working.add(working);
  }

  /** The story of an event: its conditions, its act, the answers, its end. Null anywhere: the triggers stop. */
  async #work(event: OpenEvent, resumedAt: number | null): Promise<void> {
    const verdict = await this.#conditions.test(event, resumedAt);
    if (verdict === null) return;
    if (!verdict.isMet) return this.#end(event, "not-met", verdict.reason);

    const acted = this.#yields(event, resumedAt !== null)
      ? ({ outcome: "skipped", result: "The run before it was not finished." } as const)
      : await this.#act(event);
    if (acted === null) return this.#noteIfDropped(event);
    if (acted.outcome !== "done") return this.#end(event, acted.outcome, acted.result);

    const problems = await this.#answers.give(event, acted.answer, resumedAt !== null);
    if (problems === null) return;
    if (problems.length === 0) return this.#end(event, "done", acted.answer);
    return this.#end(event, "failed", `The act was done, but not every place has its answer. ${problems.join(" ")}`);
  }

  /** Decides by `overlap` between a scheduled run and those before it. Returns whether the new one is left out. */
  #yields({ payload }: OpenEvent, isResumed: boolean): boolean {
    const { when } = this.settings;
    if (!("schedule" in when || "every" in when)) return false;
    const { overlap = "skip" } = when;
    // Runs that the device missed are handed out together, one after the other.
    const isMissed = (payload as { missed?: unknown } | null)?.missed === true;
    if (isResumed || isMissed || !this.#acts.isBusy) return false;
    if (overlap === "replace") this.#acts.replaceAll();
    return overlap === "skip";
  }

  /** Does the act of an event, unless it was done before a restart. */
  async #act(event: OpenEvent): Promise<Acted | null> {
    const isKnown = event.answer !== null && uncertainActs(event).length === 0;
    return isKnown ? { outcome: "done", answer: event.answer } : this.#acts.do(event.id);
  }

  async #end(event: OpenEvent, ...given: [outcome: EventOutcome, result: string]): Promise<void> {
    const { log, clock, listener } = this.#parts;
    const open = log.find(event.id);
    if (open === null) return this.#noteIfDropped(event);
    const { outcome, result } = settledEnd(open, ...given);
    const cut = cutText(result, MAX_TEXT_CHARACTERS);
    const end = { type: "end", event: event.id, outcome, tries: open.tries, result: cut, at: clock.now() } as const;
    // A test that a power cut takes back is made again.
    const synced = outcome !== "not-met";
    await saveRecord(log, end, { synced });
    this.onRoom();
    if (outcome === "done") this.#failure = null;
    else if (isFailure(outcome)) this.#noteFailure(outcome, result);
    if (outcome !== "not-met") this.#last = end;
    listener.onEnd(open, end);
    listener.onChange();
  }

  /** The log ends an event by itself when its trigger drops the oldest ones. */
  #noteIfDropped(event: OpenEvent): void {
    const { log, clock, listener } = this.#parts;
    if (this.#stopping.signal.aborted || log.find(event.id) !== null) return;
    this.#notify("warning", QUEUE_DROPS);
    const result = "The queue was full, and a newer event came.";
    const at = clock.now();
    listener.onEnd(event, { type: "end", event: event.id, outcome: "dropped", tries: event.tries, result, at });
  }

  #noteFailure(outcome: EventOutcome, result: string): void {
    this.#failure = result;
    const happened = outcome === "unknown" ? "An act may or may not have happened" : "An event failed";
    this.#notify("error", `${happened}: ${asSentence(result)} See it with nanoagent triggers log.`);
  }

  #noteFailedTry(problem: string): void {
    const isNew = this.#failure === null;
    this.#failure = problem;
    if (isNew) this.#notify("warning", `${asSentence(problem)} It is tried again.`);
    this.#parts.listener.onChange();
  }

  #noteAcceptance(acceptance: Acceptance, event: NewEvent): void {
    const isRefused = acceptance.status === "refused";
    const isFull = isRefused && acceptance.reason === "full";
    if (isFull && !this.#isFull) this.#notify("error", QUEUE_FULL);
    const isDropped = acceptance.status === "dropped";
    if (isDropped) this.#notify("warning", QUEUE_DROPS);
    const isLost = isRefused && (acceptance.reason === "too-large" || acceptance.reason === "invalid");
    if (isLost) this.#noteLoss(event, acceptance.reason);
    const hasChanged = isFull !== this.#isFull || isLost || isDropped || acceptance.status === "kept";
    this.#isFull = isFull;
    if (hasChanged) this.#parts.listener.onChange();
  }

  /** Tells of an event that can never be kept, with its topic: its sender may not know. */
  #noteLoss({ topic }: NewEvent, reason: "too-large" | "invalid"): void {
    if (!this.#lossNotices.add(topic ?? "", this.#parts.clock.monotonic())) return;
    const { name: trigger } = this.settings;
    const subject = topic === undefined ? "an event" : `a message to ${cutText(topic, MAX_TOPIC_CHARACTERS)}`;
    const message = `The trigger ${trigger} left out ${subject}: ${LOSSES[reason]}`;
    this.#parts.listener.onNotice({ level: "error", trigger, message });
  }

  /** The event stays open, and the next start goes on with it. */
  #noteUnexpected(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    // The queue dropped the event meanwhile.
    if (NanoAgentError.isInstance(error) && error.code === "event-ended") return;
    const problem = error instanceof Error ? error.message : String(error);
    this.#failure = problem;
    this.#notify(
      "error",
      `The work on an event stopped: ${asSentence(problem)} It goes on when the service is started again.`,
    );
    this.#parts.listener.onChange();
  }

  /** Passes on the first of many notices of the same kind. The states and the log have the others. */
  #notify(level: TriggerNotice["level"], message: string): void {
    const now = this.#parts.clock.monotonic();
    const last = this.#notified.get(level);
    if (last !== undefined && now - last < NOTICE_MILLISECONDS) return;
    this.#notified.set(level, now);
    this.#parts.listener.onNotice({ level, trigger: this.settings.name, message });
  }
}

const QUEUE_DROPS =
  "The queue is full, so events are dropped. Count and list them with nanoagent triggers list and log.";
const QUEUE_FULL = "The queue is full, so new events are refused. See the open ones with nanoagent triggers log.";
const LOSSES = {
  "too-large": "it is larger than 64 KB. Send less, or read another topic.",
  invalid: "it cannot be written as JSON. Send JSON or text.",
} as const;

function isFailure(outcome: EventOutcome): boolean {
  return outcome === "failed" || outcome === "unknown" || outcome === "expired";
}
