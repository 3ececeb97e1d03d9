import type { Engine } from "./engine.js";

/** An engine counts as idle after this time without a request. */
export const IDLE_MILLISECONDS = 1000;

/**
 * A background task. It ends early when the signal aborts because a request waits; it then runs again at the next idle
 * time.
 */
export type IdleTask = (signal: AbortSignal) => Promise<void>;

const works = new WeakMap<Engine, IdleWork>();

/**
 * Background tasks of an engine, run one at a time while no request waits. All agents that share the engine share them.
 */
export class IdleWork {
  readonly #tasks = new Map<object, IdleTask>();
  #waiting = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #running: { owner: object; abort: AbortController; ended: Promise<void> } | null = null;

  static of(engine: Engine): IdleWork {
    const known = works.get(engine) ?? new IdleWork();
    works.set(engine, known);
    return known;
  }

  /** Aborts the running task and holds tasks back until the returned function is called. */
  interrupt(): () => void {
    this.#waiting += 1;
    this.#stopTimer();
    this.#running?.abort.abort();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#waiting -= 1;
      this.#startTimer();
    };
  }

  /** Schedules a task for the next idle time. It replaces an earlier task of the same owner. */
  add(owner: object, task: IdleTask): void {
    this.#tasks.set(owner, task);
    this.#startTimer();
  }

  /** Removes an owner's task. Resolves when it no longer runs. */
  async remove(owner: object): Promise<void> {
    this.#tasks.delete(owner);
    if (this.#running?.owner !== owner) return;
    this.#running.abort.abort();
    await this.#running.ended;
  }

  #startTimer(): void {
    if (this.#waiting > 0 || this.#timer !== null || this.#running !== null || this.#tasks.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#runNext();
    }, IDLE_MILLISECONDS);
    // The timer must not keep the program alive.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #runNext(): void {
    const [next] = this.#tasks;
    if (next === undefined) return;
    const [owner, task] = next;
    const abort = new AbortController();
    const run = async () => {
      await task(abort.signal).catch(() => {});
      this.#running = null;
      if (!abort.signal.aborted && this.#tasks.get(owner) === task) this.#tasks.delete(owner);
      this.#startTimer();
    };
    this.#running = { owner, abort, ended: Promise.resolve() };
    this.#running.ended = run();
  }
}
