import type { Engine } from "./engine.js";

/** For so long nobody has asked an engine for anything before it is given work that nobody waits for. */
export const IDLE_MILLISECONDS = 1000;

/** Ends early when the signal aborts: somebody waits. It is then done again when the engine is idle the next time. */
export type IdleTask = (signal: AbortSignal) => Promise<void>;

const works = new WeakMap<Engine, IdleWork>();

/** What is to be done with an engine while nobody waits for it, by whichever agents share it. One thing after another. */
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

  /** Somebody waits for the engine, until the function that comes back is called: what runs is aborted. */
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

  /** Has this done when the engine is idle, in place of what the same owner has asked for before. */
  add(owner: object, task: IdleTask): void {
    this.#tasks.set(owner, task);
    this.#startTimer();
  }

  /** Forgets what an owner has asked for; resolves when nothing of it runs any more. */
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
    // A program that has nothing else to do may end.
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
