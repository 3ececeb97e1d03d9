import { isClockSet } from "@nanoagent/models";
import type { Clock } from "./schedules/clock.js";
import type { TriggerEvent } from "./trigger-event.js";

/**
 * Ages of open events. The clock of a board may jump by years after its start, so the age of an event that came since then
 * is measured with the clock that never jumps.
 */
export class EventAges {
  readonly #clock: Clock;
  readonly #accepted = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  noteAccepted({ id }: Pick<TriggerEvent, "id">): void {
    this.#accepted.set(id, this.#clock.monotonic());
  }

  forget({ id }: Pick<TriggerEvent, "id">): void {
    this.#accepted.delete(id);
  }

  /** Age in milliseconds; 0 where it cannot be known. */
  of({ id, at }: Pick<TriggerEvent, "id" | "at">): number {
    const accepted = this.#accepted.get(id);
    if (accepted !== undefined) return this.#clock.monotonic() - accepted;
    const now = this.#clock.now();
    return isClockSet(at) && isClockSet(now) ? Math.max(0, now - at) : 0;
  }
}
