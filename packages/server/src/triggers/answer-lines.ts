import type { TriggerAnswer, TriggerSettings } from "@nanoagent/models";
import { retryDelay } from "./acts/retry-delay.js";
import { saveRecord } from "./acts/save-record.js";
import { sleep } from "./acts/sleep.js";
import type { AnswerError } from "./answers/answer-error.js";
import type { AnswerRun } from "./answers/answer-run.js";
import { giveAnswer } from "./answers/give-answer.js";
import type { EventAges } from "./event-ages.js";
import type { OpenEvent } from "./events/open-event.js";
import { maxAgeOf } from "./queue-rule.js";
import type { TriggerParts } from "./trigger-parts.js";
import { WorkLine } from "./work-line.js";

export interface AnswerLinesOptions extends TriggerParts {
  readonly settings: TriggerSettings;
  readonly ages: EventAges;
  /** Called when a try fails and another one follows. */
  readonly onFailedTry: (problem: string) => void;
}

/** Most tries of an answer that its place refuses. */
const MAX_TRIES = 5;
/** Longest timer. */
const MAX_TIMER_MILLISECONDS = 24 * 60 * 60 * 1000;
const TOO_OLD = "The answer waited longer than queue.max_age for its place.";

interface AnswerLine {
  readonly place: TriggerAnswer;
  readonly index: number;
  readonly line: WorkLine;
}

/**
 * The answers of a trigger. Each place of `then` gets them in their order. A place that cannot be reached holds up neither
 * the others nor the acts.
 */
export class AnswerLines {
  readonly #options: AnswerLinesOptions;
  readonly #lines: readonly AnswerLine[];
  readonly #stopping = new AbortController();
  readonly #aborting = new AbortController();

  constructor(options: AnswerLinesOptions) {
    this.#options = options;
    this.#lines = [options.settings.then ?? []].flat().map((place, index) => ({ place, index, line: new WorkLine() }));
  }

  /**
   * Brings an answer to all places that do not have it. Resolves with the problems of those that will never get it, or with
   * null when the triggers stop first. `mayBeThere`: an earlier run of the program may have given it.
   */
  async give(event: OpenEvent, answer: string, mayBeThere: boolean): Promise<readonly string[] | null> {
    const left = this.#lines.filter(({ index }) => !event.answered.includes(index));
    const results = await Promise.all(
      left.map((one) => one.line.add(() => this.#giveUntilThere(one, event, answer, mayBeThere))),
    );
    if (results.includes("stopped")) return null;
    return results.filter((result) => result !== null);
  }

  /** Gives nothing more. Resolves when no answer is on its way: one that is on its way is aborted after this time. */
  async stop(graceMilliseconds: number): Promise<void> {
    this.#stopping.abort();
    const timer = setTimeout(() => this.#aborting.abort(), graceMilliseconds);
    await Promise.all(this.#lines.map(({ line }) => line.idle()));
    clearTimeout(timer);
  }

  /** Returns null when the place has the answer, the problem when it will never get it, or `stopped`. */
  async #giveUntilThere(
    { place, index }: AnswerLine,
    event: OpenEvent,
    answer: string,
    mayBeThere: boolean,
  ): Promise<string | null | "stopped"> {
    const { log, clock, onFailedTry } = this.#options;
    const { signal: stopping } = this.#stopping;
    for (let failures = 0; ; ) {
      if (stopping.aborted) return "stopped";
      const left = this.#timeLeft(event);
      const mayHaveIt = mayBeThere || failures > 0;
      const error =
        left > 0 ? await this.#giveOnce({ place, index }, { event, answer, mayBeThere: mayHaveIt }, left) : null;
      if (error !== null && stopping.aborted) return "stopped";
      const isTooOld = left <= 0 || (error !== null && this.#timeLeft(event) <= 0);
      const mayRecover = error !== null && !isTooOld && !error.isPermanent;
      if (mayRecover && !error.isAway) failures++;
      if (mayRecover && failures < MAX_TRIES) {
        onFailedTry(error.message);
        await sleep(retryDelay(Math.max(failures, 1)), stopping, clock);
        continue;
      }
      const problem = isTooOld ? TOO_OLD : (error?.message ?? null);
      await saveRecord(log, { type: "answer", event: event.id, index, problem, at: clock.now() });
      return problem;
    }
  }

  /** Tries once. Returns why it failed, or null. */
  async #giveOnce(
    { place, index }: Pick<AnswerLine, "place" | "index">,
    run: Pick<AnswerRun, "event" | "answer" | "mayBeThere">,
    leftMilliseconds: number,
  ): Promise<AnswerError | null> {
    const { clock, places } = this.#options;
    // The wait for a broker can be resumed at the next start. All else may end.
    const { signal: stopping } = "mqtt" in place ? this.#stopping : this.#aborting;
    const attempt = new AbortController();
    const abort = () => attempt.abort();
    const cancel = clock.setTimer(abort, Math.min(leftMilliseconds, MAX_TIMER_MILLISECONDS));
    stopping.addEventListener("abort", abort, { once: true });
    try {
      await giveAnswer(place, { ...run, key: `${run.event.id}.then.${index}`, signal: attempt.signal, places });
      return null;
    } catch (error) {
      return error as AnswerError;
    } finally {
      cancel();
      stopping.removeEventListener("abort", abort);
    }
  }

  /** Time for which an answer may still wait for its place, in milliseconds. */
  #timeLeft(event: OpenEvent): number {
    const { ages, settings } = this.#options;
    return maxAgeOf(settings) - ages.of(event);
  }
}
