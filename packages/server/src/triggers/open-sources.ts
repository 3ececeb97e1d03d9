import type { IntervalSource, ScheduleSource as ScheduleSettings, TriggerSource } from "@nanoagent/models";
import type { AnswerPlaces } from "./answers/answer-run.js";
import type { EventLog } from "./events/event-log.js";
import type { Clock } from "./schedules/clock.js";
import type { ScheduleProgress } from "./schedules/schedule-source.js";
import type { WallClock } from "./schedules/wall-clock.js";
import { createSource, type ListeningSource } from "./sources/create-source.js";
import type { EventSource } from "./sources/event-source.js";
import type { SourceContext } from "./sources/source-context.js";
import type { TriggerBoard } from "./trigger-board.js";
import type { TriggerRunner } from "./trigger-runner.js";

export interface OpenSourcesOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly places: AnswerPlaces;
  readonly isOwnTopic?: ((topic: string) => boolean) | undefined;
  readonly board: TriggerBoard;
}

/** The sources of all triggers. */
export class OpenSources {
  readonly #opened: ReadonlyMap<TriggerRunner, EventSource | null>;
  readonly #wallClock: WallClock | null;

  constructor(opened: ReadonlyMap<TriggerRunner, EventSource | null>, wallClock: WallClock | null) {
    this.#opened = opened;
    this.#wallClock = wallClock;
  }

  /** The triggers in the order of the settings. */
  get runners(): readonly TriggerRunner[] {
    return [...this.#opened.keys()];
  }

  /** Why schedules cannot run yet, or null. */
  get clockProblem(): string | null {
    return this.#wallClock?.problem ?? null;
  }

  /** Returns the source of a trigger, or null for one that is not enabled. */
  of(runner: TriggerRunner): EventSource | null {
    return this.#opened.get(runner) ?? null;
  }

  start(): void {
    for (const [runner, source] of this.#opened) {
      runner.onRoom = () => source?.noteRoom?.();
      source?.start(runner.accept);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#opened.values()].map((source) => source?.close()));
  }
}

/** Opens the source of each trigger that is enabled. Schedules are loaded only where one is used. */
export async function openSources(
  runners: readonly TriggerRunner[],
  options: OpenSourcesOptions,
): Promise<OpenSources> {
  const { places, board, log, clock, isOwnTopic } = options;
  const opened = new Map<TriggerRunner, EventSource | null>();
  const runsByClock = runners.some(({ settings: { enabled, when } }) => enabled !== false && isByClock(when));
  const wallClock = runsByClock ? await openWallClock(log, clock) : null;
  for (const runner of runners) {
    const { name: trigger, enabled, when } = runner.settings;
    const context: SourceContext = {
      ...places,
      isOwnTopic,
      trigger,
      clock,
      progress: progressOf(log, trigger),
      onNotice: (message) => board.onNotice({ level: "warning", trigger, message }),
    };
    if (enabled === false) opened.set(runner, null);
    else if (isByClock(when) && wallClock !== null)
      opened.set(runner, await openSchedule(when, trigger, wallClock, log));
    else opened.set(runner, createSource(when as ListeningSource, context));
  }
  return new OpenSources(opened, wallClock);
}

function isByClock(when: TriggerSource): when is ScheduleSettings | IntervalSource {
  return "schedule" in when || "every" in when;
}

async function openWallClock(log: EventLog, clock: Clock): Promise<WallClock> {
  const { WallClock } = await import("./schedules/wall-clock.js");
  return new WallClock({ clock, newestAt: log.newestAt });
}

async function openSchedule(
  settings: ScheduleSettings | IntervalSource,
  trigger: string,
  wallClock: WallClock,
  log: EventLog,
): Promise<EventSource> {
  const [{ readRule }, { ScheduleSource }] = await Promise.all([
    import("./schedules/read-rule.js"),
    import("./schedules/schedule-source.js"),
  ]);
  try {
    const rule = await readRule(settings);
    return new ScheduleSource({ trigger, settings, rule, wallClock, progress: progressOf(log, trigger) });
  } catch (error) {
    return new FailedSource(error instanceof Error ? error.message : String(error));
  }
}

/** Keeps how far a source came that looks back at a start. */
function progressOf(log: EventLog, trigger: string): ScheduleProgress {
  return {
    read(rule) {
      const known = log.scheduleOf(trigger);
      return known?.rule === rule ? known.through : null;
    },
    write: (rule, through) => log.append({ type: "schedule", trigger, rule, through }),
  };
}

/** A source whose settings cannot be used. `nanoagent check` reports them before a start. */
class FailedSource implements EventSource {
  readonly state;

  constructor(problem: string) {
    this.state = { status: "failing" as const, problem };
  }

  start(): void {}

  async close(): Promise<void> {}
}
