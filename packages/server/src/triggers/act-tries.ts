import type { TriggerSettings } from "@nanoagent/models";
import type { PermissionRequest } from "@nanoagent/runtime";
import type { ActEnd } from "./acts/act-end.js";
import { actKey } from "./acts/act-key.js";
import { MAX_RETRY_MILLISECONDS, retryDelay } from "./acts/retry-delay.js";
import { runAct } from "./acts/run-act.js";
import { saveRecord } from "./acts/save-record.js";
import { sleep } from "./acts/sleep.js";
import { describeUnknown, uncertainActs } from "./acts/unknown-acts.js";
import type { EventAges } from "./event-ages.js";
import type { OpenAct, OpenEvent } from "./events/open-event.js";
import { maxAgeOf } from "./queue-rule.js";
import type { EventOutcome } from "./trigger-event.js";
import type { TriggerParts } from "./trigger-parts.js";
import { WorkLine } from "./work-line.js";

export interface ActTriesOptions extends TriggerParts {
  readonly settings: TriggerSettings;
  readonly ages: EventAges;
  /** Called when a try fails and another one follows. */
  readonly onFailedTry: (problem: string) => void;
}

/** How the act of an event ended. */
export type Acted =
  | { readonly outcome: "done"; readonly answer: string }
  | { readonly outcome: Exclude<EventOutcome, "done">; readonly result: string };

const DEFAULT_TRIES = 5;
/** Most times that the program may end while the same act is under way. The act itself may be the reason. */
const MAX_CUT_OFFS = 20;
/** Time between two looks whether the log takes records again, in milliseconds. */
const SAVING_MILLISECONDS = 5000;
const REPLACED = "A later run replaced it.";

/** The acts of a trigger: one after the other, each tried until it is done or cannot be. */
export class ActTries {
  readonly #options: ActTriesOptions;
  readonly #line = new WorkLine();
  readonly #stopping = new AbortController();
  /** The try that is under way. */
  #running: { readonly abort: AbortController; hasAgent: boolean } | null = null;
  /** Ends the wait for the next try. */
  #waiting = new AbortController();
  /** Counts replacements. An event that came before the last one is replaced. */
  #generation = 0;

  constructor(options: ActTriesOptions) {
    this.#options = options;
  }

  /** Whether an act is under way, waits for its next try, or waits for another. */
  get isBusy(): boolean {
    return this.#line.isBusy;
  }

  /** Does the act of an event after those that came before. Null: the triggers stop, or the event was dropped. */
  do(id: string): Promise<Acted | null> {
    const generation = this.#generation;
    return this.#line.add(() => this.#tryUntilDone(id, generation));
  }

  /** Ends the acts that run and wait. Their outcome is `replaced`. */
  replaceAll(): void {
    this.#generation++;
    this.#running?.abort.abort();
    this.#waiting.abort();
    this.#waiting = new AbortController();
  }

  /** Begins nothing more. Resolves when no act runs: one that runs is aborted after this time. */
  async stop(graceMilliseconds: number): Promise<void> {
    this.#stopping.abort();
    this.#waiting.abort();
    if (this.#running?.hasAgent === false) this.#running.abort.abort();
    const timer = setTimeout(() => this.#running?.abort.abort(), graceMilliseconds);
    await this.#line.idle();
    clearTimeout(timer);
  }

  async #tryUntilDone(id: string, generation: number): Promise<Acted | null> {
    const { log, clock, settings, onFailedTry } = this.#options;
    const { signal } = this.#stopping;
    for (;;) {
      await this.#untilDue(log.find(id));
      const event = log.find(id);
      if (event === null || signal.aborted) return null;
      if (generation !== this.#generation) return replaced(uncertainActs(event)[0] ?? null);
      const refusal = this.#refusal(event);
      if (refusal !== null) return refusal;

      const end = await this.#try(event);
      // The log cuts long answers. Those after a restart should be the same.
      if (end.status === "done") return { outcome: "done", answer: log.find(id)?.answer ?? end.answer };
      if (end.status === "unknown") return { outcome: "unknown", result: end.problem };
      if (end.status === "stopped") {
        if (!signal.aborted) return replaced(end.doubt);
        // Nothing more will be known of an act that must not be run again.
        return end.stuck === null ? null : { outcome: "unknown", result: describeUnknown(end.stuck) };
      }
      if (end.status === "not-saved") {
        await this.#untilSaved(event);
        continue;
      }
      const failures = (event.failure?.try ?? 0) + 1;
      if (end.isPermanent || failures >= (settings.tries ?? DEFAULT_TRIES)) {
        return { outcome: "failed", result: end.problem };
      }
      const at = clock.now();
      const next_at = at + retryDelay(failures);
      const record = { type: "try-failed", event: id, try: failures, problem: end.problem, next_at, at } as const;
      if (log.find(id) === null) return null;
      onFailedTry(end.problem);
      await saveRecord(log, record);
    }
  }

  /** Waits until the next try of an event that failed before. */
  async #untilDue(event: OpenEvent | null): Promise<void> {
    const { clock } = this.#options;
    const left = (event?.failure?.next_at ?? 0) - clock.now();
    await sleep(Math.min(left, MAX_RETRY_MILLISECONDS), this.#waiting.signal, clock);
  }

  /** Waits until the log takes records again, or the event is too old. A full disk is not a failed try. */
  async #untilSaved(event: OpenEvent): Promise<void> {
    const { log, ages, clock, settings } = this.#options;
    const { signal } = this.#waiting;
    do await sleep(SAVING_MILLISECONDS, signal, clock);
    while (log.problem !== null && !signal.aborted && ages.of(event) <= maxAgeOf(settings));
  }

  /** Returns why an event is not tried any more, or null. */
  #refusal(event: OpenEvent): Acted | null {
    const { ages, settings } = this.#options;
    if (ages.of(event) > maxAgeOf(settings)) {
      return { outcome: "expired", result: "It waited longer than queue.max_age." };
    }
    const starts = event.acts.find(({ started }) => started.key === actKey(event.id))?.started.try ?? 0;
    if (starts - (event.failure?.try ?? 0) < MAX_CUT_OFFS) return null;
    return { outcome: "failed", result: `The program ended ${MAX_CUT_OFFS} times while this act was under way.` };
  }

  async #try(event: OpenEvent): Promise<ActEnd> {
    const { log, clock, settings, agent } = this.#options;
    const abort = new AbortController();
    const running = { abort, hasAgent: false };
    this.#running = running;
    try {
      return await agent.use(abort.signal, (open) => {
        running.hasAgent = true;
        const ask = (request: PermissionRequest, signal: AbortSignal) => agent.ask(request, signal);
        return runAct({ agent: open, event, settings, log, clock, ask, signal: abort.signal });
      });
    } catch (error) {
      if (abort.signal.aborted) return { status: "stopped", doubt: uncertainActs(event)[0] ?? null, stuck: null };
      return { status: "failed", problem: error instanceof Error ? error.message : String(error), isPermanent: false };
    } finally {
      this.#running = null;
    }
  }
}

/** Returns the end of an event that a later run replaces. */
function replaced(doubt: OpenAct | null): Acted {
  if (doubt === null) return { outcome: "replaced", result: REPLACED };
  const reason = doubt.ended?.outcome === "aborted" ? "was stopped before it ended" : undefined;
  return { outcome: "unknown", result: `${REPLACED} ${describeUnknown(doubt, reason)}` };
}
