/** Most topics whose state is kept. The one that had no event for longest goes first. */
const MAX_TOPICS = 1000;
/** Most bytes of all states of a trigger, as JSON. */
const MAX_STATES_BYTES = 2 ** 20;

/** The states of the conditions of one trigger, by topic. */
export class ConditionMemory {
  readonly #states = new Map<string | null, { state: unknown; bytes: number }>();
  #bytes = 0;

  get(topic: string | null): unknown {
    return this.#states.get(topic)?.state ?? null;
  }

  set(topic: string | null, state: unknown): void {
    this.#remove(topic);
    // Null, too: the records of an open event may still have an earlier state.
    const bytes = JSON.stringify(state ?? null).length + (topic?.length ?? 0);
    this.#states.set(topic, { state: state ?? null, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#states.keys()) {
      if (this.#states.size <= MAX_TOPICS && this.#bytes <= MAX_STATES_BYTES) return;
      this.#remove(oldest);
    }
  }

  /** All states. The one that was set last comes last. */
  *entries(): Generator<[topic: string | null, state: unknown]> {
    for (const [topic, { state }] of this.#states) yield [topic, state];
  }

  #remove(topic: string | null): void {
    this.#bytes -= this.#states.get(topic)?.bytes ?? 0;
    this.#states.delete(topic);
  }
}
