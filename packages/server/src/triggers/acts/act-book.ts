import type { ToolOutcome } from "@nanoagent/runtime";
import type { EventLog } from "../events/event-log.js";
import { EventLogError } from "../events/event-log-error.js";
import type { ActStarted } from "../events/event-record.js";
import type { Clock } from "../schedules/clock.js";
import { saveRecord } from "./save-record.js";

export interface ActBookOptions {
  readonly event: string;
  readonly log: Pick<EventLog, "append" | "find">;
  readonly clock: Clock;
}

/** The records of the acts of one event. */
export class ActBook {
  readonly #options: ActBookOptions;
  readonly #started = new Set<string>();
  #refusal: EventLogError | null = null;

  constructor(options: ActBookOptions) {
    this.#options = options;
  }

  /**
   * Records that an act is about to run. With `synced`, it is on disk when the promise resolves; otherwise soon. Rejects
   * when it cannot be saved: then the act must not run.
   */
  async start(
    act: Pick<ActStarted, "key" | "kind" | "tool" | "arguments" | "changes_world">,
    { synced }: { synced: boolean },
  ): Promise<void> {
    const { event, log, clock } = this.#options;
    const before = log.find(event)?.acts.find(({ started }) => started.key === act.key)?.started.try ?? 0;
    await log.append({ type: "act", event, ...act, try: before + 1, at: clock.now() }, { synced }).catch((error) => {
      if (error instanceof EventLogError) this.#refusal = error;
      throw error;
    });
    this.#started.add(act.key);
  }

  /** Why the last act that could not be recorded did not run, or null. */
  get refusal(): EventLogError | null {
    return this.#refusal;
  }

  /** Records the result of an act that began. */
  async end(key: string, { outcome, content }: Pick<ToolOutcome, "outcome" | "content">): Promise<void> {
    const { event, log, clock } = this.#options;
    if (!this.#started.has(key)) return;
    await saveRecord(log, { type: "act-result", event, key, outcome, content, at: clock.now() });
  }

  /** Returns the recorded result of an act that was done, or null. */
  resultOf(key: string): string | null {
    const { event, log } = this.#options;
    const ended = log.find(event)?.acts.find(({ started }) => started.key === key)?.ended ?? null;
    return ended?.outcome === "done" ? ended.content : null;
  }
}
