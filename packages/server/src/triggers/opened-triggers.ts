import { describeSource } from "./describe-source.js";
import type { EventLog } from "./events/event-log.js";
import type { OpenSources } from "./open-sources.js";
import type { Clock } from "./schedules/clock.js";
import type { EventSource } from "./sources/event-source.js";
import { readPayload } from "./sources/read-payload.js";
import type { TriggerBoard } from "./trigger-board.js";
import { TriggerError } from "./trigger-error.js";
import type { TriggerRunner } from "./trigger-runner.js";
import type {
  AddedEvent,
  EndedEvent,
  HandMadeEvent,
  HookDoor,
  TriggerProblem,
  TriggerState,
  Triggers,
  UnknownAct,
} from "./triggers.js";

export interface OpenTriggersParts {
  readonly folder: string;
  readonly log: EventLog;
  readonly board: TriggerBoard;
  readonly sources: OpenSources;
  readonly clock: Clock;
  /** Closes what only the triggers used. */
  readonly afterClose: () => Promise<void>;
}

/** The open triggers of an agent, as others see them. */
export class OpenTriggers implements Triggers {
  readonly folder: string;
  readonly #parts: OpenTriggersParts;
  readonly #runners: readonly TriggerRunner[];
  #closing: Promise<void> | null = null;

  constructor(parts: OpenTriggersParts) {
    this.folder = parts.folder;
    this.#parts = parts;
    this.#runners = parts.sources.runners;
  }

  get states(): readonly TriggerState[] {
    const oldest = new Map<string, number>();
    for (const { trigger, at } of this.#parts.log.openEvents) if (!oldest.has(trigger)) oldest.set(trigger, at);
    return this.#runners.map((runner) => this.#stateOf(runner, oldest.get(runner.settings.name) ?? null));
  }

  get problems(): readonly TriggerProblem[] {
    const { board, sources } = this.#parts;
    const problems: TriggerProblem[] = [];
    if (board.savingProblem !== null) {
      problems.push({ code: "events-not-saved", trigger: null, message: "Events of triggers cannot be saved." });
    }
    const { clockProblem } = sources;
    if (clockProblem !== null) problems.push({ code: "clock-not-set", trigger: null, message: clockProblem });
    for (const runner of this.#runners) {
      const { name: trigger } = runner.settings;
      if (runner.isFull) {
        const message = `The queue of the trigger ${trigger} is full.`;
        problems.push({ code: "events-full", trigger, message });
      }
      if (this.#troubleOf(runner).status === "failing") {
        const message = `The trigger ${trigger} fails. See nanoagent triggers list.`;
        problems.push({ code: "trigger-failing", trigger, message });
      }
    }
    return problems;
  }

  get unknownActs(): readonly UnknownAct[] {
    return this.#parts.board.unknownActs;
  }

  async run(name: string, { message, topic, ...event }: HandMadeEvent = {}): Promise<AddedEvent> {
    const runner = this.#runners.find(({ settings }) => settings.name === name);
    if (runner === undefined || runner.settings.enabled === false) throw unknownTrigger(name, runner !== undefined);
    const payload = message === undefined ? (event.payload ?? null) : readPayload(message);
    const acceptance = await runner.accept({ trigger: name, at: this.#parts.clock.now(), payload, topic });
    if ("id" in acceptance && acceptance.id !== null) {
      return { id: acceptance.id, isRepeated: acceptance.status === "repeated" };
    }
    throw refusedEvent(name, acceptance.status === "refused" ? acceptance.reason : acceptance.status);
  }

  ended(id: string, signal?: AbortSignal): Promise<EndedEvent> {
    const { board, log } = this.#parts;
    const known = board.endOf(id);
    if (known !== null) return Promise.resolve(known);
    if (log.find(id) === null) {
      const message = `No open event has the id ${id}.`;
      const hint = "See the events that ended with nanoagent triggers log.";
      return Promise.reject(new TriggerError({ code: "event-unknown", message, hint }));
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        stopListening();
        reject(signal?.reason);
      };
      const stopListening = board.listenForEnds((event) => {
        if (event.id !== id) return;
        stopListening();
        signal?.removeEventListener("abort", leave);
        resolve(event);
      });
      signal?.addEventListener("abort", leave, { once: true });
      if (signal?.aborted) leave();
    });
  }

  hook(name: string): HookDoor | null {
    const runner = this.#runners.find(({ settings }) => settings.name === name);
    const source = runner === undefined ? null : this.#parts.sources.of(runner);
    return source !== null && isDoor(source) ? source : null;
  }

  onChange(listener: () => void): () => void {
    return this.#parts.board.listenForChanges(listener);
  }

  onEnd(listener: (event: EndedEvent) => void): () => void {
    return this.#parts.board.listenForEnds((event) => {
      if (event.outcome !== "not-met") listener(event);
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The sources first, so that nothing new comes, and the log last. */
  async #close(): Promise<void> {
    const { sources, log, board, afterClose } = this.#parts;
    await sources.close();
    await Promise.all(this.#runners.map((runner) => runner.stop()));
    await log.close();
    board.close();
    await afterClose();
  }

  #stateOf(runner: TriggerRunner, oldestOpenAt: number | null): TriggerState {
    const { log, sources } = this.#parts;
    const { name, when } = runner.settings;
    const { open, added, done, notMet, failed, unknown, dropped, repeated } = log.countsOf(name);
    const { last } = runner;
    return {
      name,
      when: describeSource(when, name),
      ...this.#troubleOf(runner),
      open,
      oldest_open_at: isoTime(oldestOpenAt),
      counts: { added, done, not_met: notMet, failed, unknown, dropped, repeated },
      last: last && { at: new Date(last.at).toISOString(), outcome: last.outcome, result: last.result },
      next_at: isoTime(sources.of(runner)?.state.nextAt ?? null),
    };
  }

  #troubleOf(runner: TriggerRunner): Pick<TriggerState, "status" | "problem"> {
    const source = this.#parts.sources.of(runner);
    if (source === null) return { status: "off", problem: null };
    const { status, problem } = source.state;
    if (status === "failing") return { status, problem };
    if (runner.failure !== null) return { status: "failing", problem: runner.failure };
    return status === "waiting" ? { status, problem } : { status: "armed", problem: null };
  }
}

function isDoor(source: EventSource): source is EventSource & HookDoor {
  return "receive" in source;
}

function isoTime(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}

function unknownTrigger(name: string, isOff: boolean): TriggerError {
  const message = isOff ? `The trigger "${name}" is not enabled.` : `No trigger has the name "${name}".`;
  const hint = isOff
    ? "Remove enabled: false from the trigger."
    : "See the names of all triggers with nanoagent triggers list.";
  return new TriggerError({ code: "trigger-unknown", message, hint });
}

/** Fates of an event that would be the same another time. */
const permanentRefusals: readonly string[] = ["dropped", "too-large", "invalid"];

const refusals: Readonly<Record<string, string>> = {
  full: "Its queue is full.",
  dropped: "Its queue is full, and the trigger drops the newest events.",
  repeated: "The same event was there before.",
  "not-saved": "It cannot be saved on the disk.",
  closed: "The triggers are closing.",
  "too-large": "Its payload is larger than 64 KB.",
  invalid: "Its payload cannot be written as JSON.",
};

function refusedEvent(name: string, reason: string): TriggerError {
  return new TriggerError({
    code: "event-refused",
    message: `The event for the trigger "${name}" was not accepted.`,
    reason: refusals[reason] ?? reason,
    hint: "See the state of the trigger with nanoagent triggers list.",
    isPermanent: permanentRefusals.includes(reason),
  });
}
