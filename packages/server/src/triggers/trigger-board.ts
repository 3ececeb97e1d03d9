import { sentences } from "../errors/sentences.js";
import { doubtfulActs } from "./acts/unknown-acts.js";
import type { EventLogError } from "./events/event-log-error.js";
import type { EventEnded } from "./events/event-record.js";
import type { OpenEvent } from "./events/open-event.js";
import type { Clock } from "./schedules/clock.js";
import type { TriggerListener, TriggerNotice } from "./trigger-parts.js";
import type { EndedEvent, UnknownAct } from "./triggers.js";

/** Shortest time between two calls of those who listen for changes, in milliseconds. */
const CHANGE_MILLISECONDS = 250;
/** Most ended events that are remembered for those who ask for their end late. */
const MAX_ENDED = 200;
/** Most acts whose result is not known that are listed. */
export const MAX_UNKNOWN_ACTS = 100;

export interface TriggerBoardOptions {
  readonly clock: Clock;
  readonly onNotice: (notice: TriggerNotice) => void;
}

/** News of the triggers for others: changes, ends, notices, and acts whose result is not known. */
export class TriggerBoard implements TriggerListener {
  /** Newest first. */
  unknownActs: readonly UnknownAct[] = [];
  /** Why events cannot be saved, or null. */
  savingProblem: string | null = null;
  readonly #options: TriggerBoardOptions;
  readonly #changeListeners = new Set<() => void>();
  readonly #endListeners = new Set<(event: EndedEvent) => void>();
  readonly #ended = new Map<string, EndedEvent>();
  #cancelChange: (() => void) | null = null;

  constructor(options: TriggerBoardOptions) {
    this.#options = options;
  }

  /** Returns the end of an event that ended not long ago, or null. */
  endOf(id: string): EndedEvent | null {
    return this.#ended.get(id) ?? null;
  }

  listenForChanges(listener: () => void): () => void {
    const own = () => listener();
    this.#changeListeners.add(own);
    return () => this.#changeListeners.delete(own);
  }

  listenForEnds(listener: (event: EndedEvent) => void): () => void {
    const own = (event: EndedEvent) => listener(event);
    this.#endListeners.add(own);
    return () => this.#endListeners.delete(own);
  }

  readonly onChange = (): void => {
    this.#cancelChange ??= this.#options.clock.setTimer(() => {
      this.#cancelChange = null;
      for (const listener of this.#changeListeners) this.#call(listener);
    }, CHANGE_MILLISECONDS);
  };

  readonly onNotice = (notice: TriggerNotice): void => {
    try {
      this.#options.onNotice(notice);
    } catch {
      // A failing callback of the app must not stop a trigger.
    }
  };

  onEnd(event: OpenEvent, { outcome, tries, result, at }: EventEnded): void {
    const { id, trigger } = event;
    const ended: EndedEvent = { id, trigger, outcome, tries, result, at: new Date(at).toISOString() };
    this.#ended.set(id, ended);
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= MAX_ENDED) break;
      this.#ended.delete(oldest);
    }
    if (outcome === "unknown") this.#addUnknown(event);
    for (const listener of this.#endListeners) this.#call(() => listener(ended));
  }

  noteSaving(problem: EventLogError | null): void {
    this.savingProblem = problem?.message ?? null;
    if (problem !== null) {
      const message = sentences([problem.message, problem.reason, problem.hint]);
      this.onNotice({ level: "error", trigger: null, message });
    }
    this.onChange();
  }

  close(): void {
    this.#cancelChange?.();
    this.#changeListeners.clear();
    this.#endListeners.clear();
  }

  #addUnknown(event: OpenEvent): void {
    this.unknownActs = [...openActsOf(event).reverse(), ...this.unknownActs].slice(0, MAX_UNKNOWN_ACTS);
  }

  #call(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      const message = `A listener of the triggers failed: ${error instanceof Error ? error.message : String(error)}`;
      this.onNotice({ level: "warning", trigger: null, message });
    }
  }
}

/** Returns the acts of an open event whose result is not known. */
export function openActsOf(event: OpenEvent): UnknownAct[] {
  return doubtfulActs(event).map(({ started: { key, tool, at } }) => {
    return { trigger: event.trigger, event: event.id, key, tool, at: new Date(at).toISOString() };
  });
}
