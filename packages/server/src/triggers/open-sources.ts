import type { TriggerSource } from "@nanoagent/models";
import type { AnswerPlaces } from "./answers/answer-run.js";
import type { EventLog } from "./events/event-log.js";
import type { Clock } from "./schedules/clock.js";
import { createSource } from "./sources/create-source.js";
import type { EventSource } from "./sources/event-source.js";
import type { SourceContext } from "./sources/source-context.js";
import type { TriggerBoard } from "./trigger-board.js";
import type { TriggerRunner } from "./trigger-runner.js";

export interface OpenSourcesOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly places: AnswerPlaces;
  readonly board: TriggerBoard;
}

/** The sources of all triggers. */
export interface OpenSources extends ReadonlyMap<TriggerRunner, EventSource | null> {
  /** Why schedules cannot run yet, or null. */
  readonly clockProblem: string | null;
  close(): Promise<void>;
}

/** Opens the source of each trigger; null for one that is not enabled. Loads only the kinds that are used. */
export async function openSources(
  runners: readonly TriggerRunner[],
  options: OpenSourcesOptions,
): Promise<OpenSources> {
  const { places, board, log, clock } = options;
  const opened = new Map<TriggerRunner, EventSource | null>();
  for (const runner of runners) {
    const { name: trigger, enabled, when } = runner.settings;
    const context: SourceContext = {
      ...places,
      trigger,
      clock,
      progress: progressOf(log, trigger),
      onNotice: (message) => board.onNotice({ level: "warning", trigger, message }),
    };
    opened.set(runner, enabled === false ? null : await openSource(when, context));
  }
  return Object.assign(opened, {
    clockProblem: null,
    close: async () => {
      await Promise.all([...opened.values()].map((source) => source?.close()));
    },
  });
}

async function openSource(when: TriggerSource, context: SourceContext): Promise<EventSource> {
  if ("schedule" in when || "every" in when) return new FailedSource("Schedules are not supported.");
  return createSource(when, context);
}

/** Where a source that looks back at a start keeps how far it came. */
function progressOf(log: EventLog, trigger: string): SourceContext["progress"] {
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
