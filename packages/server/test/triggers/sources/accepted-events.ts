import { systemClock } from "../../../src/triggers/schedules/clock.js";
import type { SourceContext } from "../../../src/triggers/sources/source-context.js";
import type { Acceptance, AcceptEvent, NewEvent } from "../../../src/triggers/trigger-event.js";

/** A queue in memory. `answer` decides on the events; by default all are kept, and a repeated identity is recognized. */
export class AcceptedEvents {
  readonly all: NewEvent[] = [];
  /** Events in the order in which they were offered, refused ones included. */
  readonly offered: NewEvent[] = [];
  answer: (event: NewEvent) => Acceptance | null = () => null;

  get payloads(): unknown[] {
    return this.all.map(({ payload }) => payload);
  }

  readonly accept: AcceptEvent = async (event) => {
    this.offered.push(event);
    // Synced later, as on a disk.
    await new Promise((resolve) => setImmediate(resolve));
    const answer = this.answer(event);
    if (answer !== null) return answer;
    const { identity } = event;
    const before = identity === undefined ? -1 : this.all.findIndex((other) => other.identity === identity);
    if (before >= 0) return { status: "repeated", id: String(before) };
    this.all.push(event);
    return { status: "kept", id: String(this.all.length - 1) };
  };
}

export function sourceContext(parts: Partial<SourceContext> = {}): SourceContext {
  return { trigger: "test", configFolder: "/", broker: null, environment: {}, clock: systemClock, ...parts };
}

/** How long tests wait for something that takes milliseconds on a quiet machine. */
export const patience = { timeout: 20_000 };
