/** Most topics that are named in a period, so that messages to ever new topics do not fill the log. */
const MAX_TOPICS = 20;
const PERIOD_MILLISECONDS = 60 * 60_000;

/** Remembers which topics a problem was reported for: each once an hour, and 20 of them at most. */
export class TopicNotices {
  readonly #topics = new Set<string>();
  #since = Number.NEGATIVE_INFINITY;

  /** Returns whether the problem should be reported for a topic now. `now` is from a clock that never jumps, in milliseconds. */
  add(topic: string, now: number): boolean {
    if (now - this.#since >= PERIOD_MILLISECONDS) {
      this.#topics.clear();
      this.#since = now;
    }
    if (this.#topics.has(topic) || this.#topics.size >= MAX_TOPICS) return false;
    this.#topics.add(topic);
    return true;
  }
}
