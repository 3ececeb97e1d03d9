import { createHash } from "node:crypto";

/** Most values that are remembered. The oldest goes first. */
const MAX_REMEMBERED = 10_000;
/** Characters of a hash: 128 bits. */
const HASH_CHARACTERS = 32;

/** Returns the hash of a value of an event, or of its identity. Both can have the same text. */
export function hashOf(kind: "value" | "identity", text: string): string {
  return createHash("sha256").update(`${kind}:${text}`).digest("hex").slice(0, HASH_CHARACTERS);
}

/** The values by which one trigger recognizes repeated events. */
export class RepeatMemory {
  readonly #entries = new Map<string, { until: number; event: string }>();

  /**
   * Returns the event that had this value within the window before `now`, or null. A value that is remembered from more
   * than a window ahead was written before the clock was set back, and does not count.
   */
  find(hash: string, now: number, windowMilliseconds: number): string | null {
    const entry = this.#entries.get(hash);
    if (entry === undefined || now >= entry.until || now < entry.until - 2 * windowMilliseconds) return null;
    return entry.event;
  }

  add(hash: string, until: number, event: string): void {
    this.#entries.delete(hash);
    this.#entries.set(hash, { until, event });
    if (this.#entries.size <= MAX_REMEMBERED) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  /** Forgets what does not count any more. */
  forget(now: number): void {
    for (const [hash, { until }] of this.#entries) if (until <= now) this.#entries.delete(hash);
  }

  *entries(): Generator<[hash: string, until: number, event: string]> {
    for (const [hash, { until, event }] of this.#entries) yield [hash, until, event];
  }
}
