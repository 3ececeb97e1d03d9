import { parseDuration, type TriggerSettings } from "@nanoagent/models";
import { saveRecord } from "./acts/save-record.js";
import { sleep } from "./acts/sleep.js";
import { type ConditionCheck, checkAfterWait, checkConditions } from "./conditions/check-conditions.js";
import { shiftWaits } from "./conditions/condition-state.js";
import type { EventLog } from "./events/event-log.js";
import type { EventChecked } from "./events/event-record.js";
import type { OpenEvent } from "./events/open-event.js";
import type { Clock } from "./schedules/clock.js";
import { WorkLine } from "./work-line.js";

export interface ConditionTestsOptions {
  readonly settings: TriggerSettings;
  readonly log: EventLog;
  readonly clock: Clock;
}

/** The final verdict about an event. */
export interface Verdict {
  readonly isMet: boolean;
  readonly reason: string;
}

const MET: Verdict = { isMet: true, reason: "" };
const REPLACED: Verdict = { isMet: false, reason: "A later event came before the time of `for` had passed." };

/**
 * The conditions of a trigger. Events are tested in their order, as soon as they come. One that must wait for `for` does not
 * hold up the later ones, which end its wait.
 */
export class ConditionTests {
  readonly #options: ConditionTestsOptions;
  readonly #conditions;
  readonly #line = new WorkLine();
  /** Events that wait, by topic. The signal of one ends its wait. */
  readonly #waiting = new Map<string, AbortController>();
  readonly #stopping = new AbortController();

  constructor(options: ConditionTestsOptions) {
    this.#options = options;
    this.#conditions = [options.settings.if ?? []].flat();
  }

  /**
   * Tests an event. Resolves when the verdict is final, or with null when the triggers stop first. `resumedAt` is the last
   * time at which an earlier run of this program was there: the time since then does not count for `for`.
   */
  async test(event: OpenEvent, resumedAt: number | null): Promise<Verdict | null> {
    if (this.#conditions.length === 0) return MET;
    const wait = new AbortController();
    let checked: Pick<ConditionCheck, "verdict" | "reason" | "until"> | null = event.checked;
    if (checked === null) checked = await this.#line.add(() => this.#check(event, wait, checkConditions));
    else if (checked.verdict === "waits") checked = await this.#line.add(() => this.#goOn(event, wait, resumedAt));
    while (checked?.verdict === "waits") {
      const { clock } = this.#options;
      const left = (checked.until ?? 0) - clock.now();
      await sleep(Math.min(left, this.#longestWait), wait.signal, clock);
      checked = await this.#line.add(() => this.#check(event, wait, checkAfterWait));
      if (checked === null && !this.#stopping.signal.aborted) return REPLACED;
    }
    return checked === null ? null : { isMet: checked.verdict === "met", reason: checked.reason };
  }

  /** Ends all waits. Resolves when no test runs. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const wait of this.#waiting.values()) wait.abort();
    await this.#line.idle();
  }

  /** Tests an event and records the result. Null: the triggers stop, or a later event took its place. */
  async #check(event: OpenEvent, wait: AbortController, test: typeof checkConditions): Promise<ConditionCheck | null> {
    const { log, clock, settings } = this.#options;
    if (this.#stopping.signal.aborted || wait.signal.aborted) return null;
    const state = log.conditionState(settings.name, event.topic);
    const check = test(this.#conditions, event, state, clock.now());
    const { verdict, reason, until } = check;
    const record = { type: "checked", event: event.id, verdict, reason, state: check.state } as const;
    // A test that a power cut takes back is made again.
    await saveRecord(log, { ...record, ...(until !== undefined && { until }) }, { synced: false });
    if (verdict === "waits") this.#park(event, wait);
    else this.#endWait(event);
    return check;
  }

  /**
   * Goes on with a wait that an earlier run of this program began. The time since `resumedAt` does not count: nobody knows
   * whether the comparisons held then.
   */
  async #goOn(event: OpenEvent, wait: AbortController, resumedAt: number | null): Promise<EventChecked | null> {
    const { log, clock, settings } = this.#options;
    if (this.#stopping.signal.aborted || event.checked === null) return null;
    this.#park(event, wait);
    const away = clock.now() - Math.max(resumedAt ?? event.at, event.at);
    const state = shiftWaits(log.conditionState(settings.name, event.topic), away);
    const checked = { ...event.checked, until: (event.checked.until ?? 0) + away, state };
    await saveRecord(log, checked, { synced: false });
    return checked;
  }

  /** Lets an event wait in the place of an earlier one. */
  #park(event: OpenEvent, wait: AbortController): void {
    const topic = event.topic ?? "";
    if (this.#waiting.get(topic) === wait) return;
    this.#endWait(event);
    this.#waiting.set(topic, wait);
    if (this.#stopping.signal.aborted) wait.abort();
  }

  #endWait({ topic = "" }: OpenEvent): void {
    this.#waiting.get(topic)?.abort();
    this.#waiting.delete(topic);
  }

  /** Bounds waits that were recorded with another clock. */
  get #longestWait(): number {
    return Math.max(0, ...this.#conditions.map((condition) => parseDuration(condition.for ?? "0s") ?? 0));
  }
}
