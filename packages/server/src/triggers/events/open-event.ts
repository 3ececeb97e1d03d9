import type { TriggerEvent } from "../trigger-event.js";
import type { ActEnded, ActStarted, EventChecked, TryFailed } from "./event-record.js";

/** An event whose work is not finished, with all that is known of it. */
export interface OpenEvent extends TriggerEvent {
  /** The last test of its conditions, or null before the first. */
  readonly checked: EventChecked | null;
  /** Its acts by key, in the order in which they began. Without a result: under way, or cut off. */
  readonly acts: readonly OpenAct[];
  /** The last failed try, or null. */
  readonly failure: TryFailed | null;
  /** Tries so far. */
  readonly tries: number;
  /** Positions in `then` that have their answer. */
  readonly answered: readonly number[];
  /** Answer of the act, once it is known. */
  readonly answer: string | null;
}

export interface OpenAct {
  readonly started: ActStarted;
  readonly ended: ActEnded | null;
  /** An earlier try of it whose result is not known, or null. */
  readonly earlier: Pick<OpenAct, "started" | "ended"> | null;
}
