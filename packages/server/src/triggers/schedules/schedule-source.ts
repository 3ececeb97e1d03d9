import { type IntervalSource, parseDuration, type ScheduleSource as ScheduleSettings } from "@nanoagent/models";
import type { EventSource, SourceState } from "../sources/event-source.js";
import type { AcceptEvent } from "../trigger-event.js";
import { dueRuns } from "./missed-runs.js";
import type { RunRule } from "./read-rule.js";
import type { Alarm, WallClock } from "./wall-clock.js";

/** Time for which a run is late, and not missed, while the program runs: the machine may be busy, or the queue full. */
const LATE_MILLISECONDS = 60_000;
/**
 * A run that is recorded for a time this far ahead was made with a wrong clock, and is made again. Clocks that go back by
 * less, such as an hour and a little, repeat no run.
 */
const VOID_MILLISECONDS = 61 * 60_000;
/** Time after which a refused run is offered again. */
const RETRY_MILLISECONDS = 10_000;

/** The time up to which all runs were handed out or left out, in the log of events. */
export interface ScheduleProgress {
  /** Returns that time in milliseconds since 1970, or null where this rule was never there before. */
  read(rule: string): number | null;
  /** For runs that are left out. The event of a run has the time itself. */
  write(rule: string, through: number): Promise<void>;
}

export interface ScheduleSourceOptions {
  /** Name of the trigger. */
  readonly trigger: string;
  readonly settings: ScheduleSettings | IntervalSource;
  readonly rule: RunRule;
  readonly wallClock: WallClock;
  readonly progress: ScheduleProgress;
  /** A number from 0 to below 1. Default: random. */
  readonly random?: () => number;
}

/** Payload of the event of a run. */
interface ScheduledRun {
  /** Time of the run by the schedule, ISO 8601. The event's own time is that at which it was handed out. */
  readonly scheduled_at: string;
  /** Whether nothing listened at that time: the service did not run, the device slept, or its clock was wrong. */
  readonly missed: boolean;
}

/**
 * Runs of a schedule or an interval. Nothing runs before the clock is plausible. The log keeps each
 * run together with the time reached, so no run is lost or repeated by a restart.
 */
export class ScheduleSource implements EventSource {
  readonly #options: ScheduleSourceOptions;
  readonly #jitterMilliseconds: number;
  #accept: AcceptEvent | null = null;
  #alarm: Alarm | null = null;
  #isClosed = false;
  #advancing: Promise<void> | null = null;
  #isAdvancing = false;
  #mustAdvance = false;
  #nextAt: number | null = null;
  #problem: string | null = null;
  /** Time since which this source has listened with a plausible clock, or null. */
  #listeningFrom: number | null = null;
  /** The random delay of a run. It is kept until the run is handed out. */
  #delay: { run: number; milliseconds: number } | null = null;

  constructor(options: ScheduleSourceOptions) {
    this.#options = options;
    this.#jitterMilliseconds = parseDuration(options.settings.jitter ?? "0s") ?? 0;
  }

  get state(): SourceState {
    const { problem } = this.#options.wallClock;
    if (problem !== null) return { status: "waiting", problem, nextAt: null };
    if (this.#problem !== null) return { status: "failing", problem: this.#problem, nextAt: this.#nextAt };
    return { status: "listening", problem: null, nextAt: this.#nextAt };
  }

  start(accept: AcceptEvent): void {
    if (this.#isClosed || this.#alarm !== null) return;
    this.#accept = accept;
    this.#alarm = this.#options.wallClock.addAlarm(() => this.#wake());
    this.#wake();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#alarm?.close();
    await this.#advancing;
  }

  #wake(): void {
    this.#mustAdvance = true;
    if (!this.#isAdvancing) this.#advancing = this.#advanceAll();
  }

  async #advanceAll(): Promise<void> {
    this.#isAdvancing = true;
    while (this.#mustAdvance && !this.#isClosed) {
      this.#mustAdvance = false;
      const next = await this.#advance().catch((error: unknown) => {
        const words = error instanceof Error ? error.message : error;
        this.#problem = `The next run could not be found: ${words}. It is tried again; please report this.`;
        return this.#options.wallClock.now() + RETRY_MILLISECONDS;
      });
      this.#alarm?.set(next);
    }
    this.#isAdvancing = false;
  }

  /** Hands out the runs that are due. Returns the time at which there is more to do, or null. */
  async #advance(): Promise<number | null> {
    const { rule, wallClock, progress, settings } = this.#options;
    this.#nextAt = null;
    if (!wallClock.isPlausible) {
      this.#listeningFrom = null;
      return null;
    }
    const now = wallClock.now();
    let through = progress.read(rule.text);
    if (through === null || through > now + VOID_MILLISECONDS) {
      // Runs before the first start are not missed.
      through = now;
      await this.#write(through);
    }
    const missedBefore = this.#missedBefore(now);
    const due = dueRuns(rule, through, now, { missed: settings.missed, missedBefore });
    for (const run of due.runs) {
      const isMissed = run < missedBefore;
      const start = isMissed ? run : run + this.#delayOf(run);
      if (start > now) {
        this.#nextAt = start;
        return start;
      }
      if (this.#isClosed) return null;
      if (!(await this.#handOut(run, isMissed))) return now + RETRY_MILLISECONDS;
      through = run;
    }
    if (due.through > through) {
      through = due.through;
      await this.#write(through);
    }
    this.#problem = null;
    const next = rule.nextAfter(through);
    this.#nextAt = next === null ? null : next + this.#delayOf(next);
    return this.#nextAt;
  }

  /** Returns the time before which runs are missed. A run that may still have waited for its jitter then is not. */
  #missedBefore(now: number): number {
    // The clock may have been set back since.
    this.#listeningFrom = Math.min(this.#listeningFrom ?? now, now);
    const from = Math.max(this.#listeningFrom, this.#options.wallClock.jumpedTo ?? 0, now - LATE_MILLISECONDS);
    return Math.min(from, now) - this.#jitterMilliseconds;
  }

  /** Returns whether the run is in the queue, or need not be. */
  async #handOut(run: number, missed: boolean): Promise<boolean> {
    const { trigger, wallClock, rule } = this.#options;
    const payload: ScheduledRun = { scheduled_at: new Date(run).toISOString(), missed };
    const reached = { rule: rule.text, through: run };
    const acceptance = await this.#accept?.({ trigger, at: wallClock.now(), payload, reached });
    if (acceptance?.status === "refused") {
      const reason = reasons[acceptance.reason] ?? `${acceptance.reason}.`;
      this.#problem = `The run of ${payload.scheduled_at} is not in the queue: ${reason}`;
      return false;
    }
    this.#problem = null;
    if (acceptance?.status !== "kept") await this.#write(run);
    return true;
  }

  /** The log keeps a record that cannot be saved now, and reports it. */
  async #write(through: number): Promise<void> {
    const { progress, rule } = this.#options;
    await progress.write(rule.text, through).catch(() => {});
  }

  #delayOf(run: number): number {
    if (this.#jitterMilliseconds === 0) return 0;
    if (this.#delay?.run !== run) {
      const { random = Math.random } = this.#options;
      this.#delay = { run, milliseconds: Math.floor(random() * this.#jitterMilliseconds) };
    }
    return this.#delay.milliseconds;
  }
}

const reasons: Readonly<Record<string, string>> = {
  full: "the queue is full. It is offered again for a minute; see the events with nanoagent triggers log.",
  "not-saved": "events cannot be saved. It is offered again for a minute; check the disk of the session's folder.",
  closed: "the triggers are closed.",
};
