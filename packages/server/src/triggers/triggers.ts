import type { HookDoor } from "./sources/hook/hook-door.js";
import type { EventOutcome } from "./trigger-event.js";

export type { HookDoor, HookReply, HookRequest } from "./sources/hook/hook-door.js";

/** The triggers of an agent, which listen and act until they are closed. */
export interface Triggers extends AsyncDisposable {
  /** Folder of the events. */
  readonly folder: string;
  readonly states: readonly TriggerState[];
  /** Whatever people should know of. Empty if all is well. */
  readonly problems: readonly TriggerProblem[];
  /** Acts that may or may not have been done, newest first; bounded. */
  readonly unknownActs: readonly UnknownAct[];
  /** Adds an event by hand. Rejects with {@link TriggerError} for an unknown trigger and a full queue. */
  run(name: string, event?: HandMadeEvent): Promise<AddedEvent>;
  /** Resolves when the work on an event has ended. Rejects with the reason of the signal when it aborts. */
  ended(id: string, signal?: AbortSignal): Promise<EndedEvent>;
  /** Returns the door for the requests of a hook, or null for a name without one. */
  hook(name: string): HookDoor | null;
  /** Calls back when a state or a problem has changed; at most a few times a second. Returns a function that stops it. */
  onChange(listener: () => void): () => void;
  /** Calls back when the work on an event has ended with an act. Returns a function that stops it. */
  onEnd(listener: (event: EndedEvent) => void): () => void;
  /** Stops listening, gives running acts a few seconds, and closes the log. Safe to call twice. */
  close(): Promise<void>;
}

export interface HandMadeEvent {
  /** A JSON value. Default: null. */
  readonly payload?: unknown;
  /** Instead of a payload: bytes that are read as JSON, a number or text, as those of a broker are. */
  readonly message?: Uint8Array | undefined;
  readonly topic?: string | undefined;
}

export interface AddedEvent {
  readonly id: string;
  /** Whether the same event was there before. Then the ID is that of the first one, and nothing runs again. */
  readonly isRepeated: boolean;
}

export interface TriggerState {
  readonly name: string;
  /** The source in a few words, such as `mqtt garden/+/moisture`. */
  readonly when: string;
  readonly status: "armed" | "waiting" | "failing" | "off";
  /** One sentence, or null. */
  readonly problem: string | null;
  /** Events that wait or are being worked on. */
  readonly open: number;
  /** Time of the oldest of them, ISO 8601, or null. */
  readonly oldest_open_at: string | null;
  /** Events since the log began, by what became of them. */
  readonly counts: TriggerCounts;
  /** End of the last event whose conditions were met, or null. */
  readonly last: { readonly at: string; readonly outcome: EventOutcome; readonly result: string } | null;
  /** Time of the next run, ISO 8601, or null: for schedules. */
  readonly next_at: string | null;
}

export interface TriggerCounts {
  readonly added: number;
  readonly done: number;
  readonly not_met: number;
  readonly failed: number;
  readonly unknown: number;
  readonly dropped: number;
  readonly repeated: number;
}

export interface TriggerProblem {
  readonly code: "trigger-failing" | "events-full" | "events-not-saved" | "clock-not-set";
  /** Name of the trigger, or null where all are concerned. */
  readonly trigger: string | null;
  /** One sentence for people, without paths and payloads. */
  readonly message: string;
}

export interface UnknownAct {
  readonly trigger: string;
  readonly event: string;
  readonly key: string;
  readonly tool: string | null;
  readonly at: string;
}

export interface EndedEvent {
  readonly id: string;
  readonly trigger: string;
  readonly outcome: EventOutcome;
  readonly tries: number;
  /** The answer, or the problem; cut. */
  readonly result: string;
  readonly at: string;
}
