import { NanoAgentError } from "@nanoagent/models";
import { aborted } from "../conversations/waiting-line.js";
import type { AnswerEvent } from "./ask.js";

/** Error for anything that is thrown and is not one of ours. */
function unexpected(cause: unknown): NanoAgentError {
  if (NanoAgentError.isInstance(cause)) return cause;
  return new NanoAgentError({ code: "unexpected", message: "The turn failed in an unexpected way.", cause });
}

/** Starts a turn when its first event is requested. The abort ends it, also while it waits to start. */
export type StartTurn = (abort: AbortController) => Promise<AsyncGenerator<AnswerEvent, void>>;

/**
 * The events of a turn. The last event is one `run-end` or one `error`, whatever happens.
 *
 * - The turn is over, and `onOver` is called, as soon as the last event exists, even if it is never read.
 * - An abort ends the turn even if nobody reads. The next event is then the error.
 * - A reader that stops (`return`) aborts the turn.
 *
 * An object instead of a generator: a generator that nobody has started cannot end anything.
 */
export class AnswerStream implements AsyncGenerator<AnswerEvent, void> {
  readonly #start: StartTurn;
  readonly #abort = new AbortController();
  readonly #client: AbortSignal;
  readonly #onOver: () => void;
  /** Error that a turn without a reader ended with. */
  #failure: NanoAgentError | null = null;
  /** Error that replaces `aborted`. */
  #reason: NanoAgentError | null = null;
  #events: AsyncGenerator<AnswerEvent, void> | null = null;
  #last: AnswerEvent["type"] | null = null;
  #isReading = false;
  /** Whether the last event was read or will not be. */
  #isRead = false;
  #isOver = false;

  constructor(start: StartTurn, { signal, onOver }: { signal: AbortSignal; onOver: () => void }) {
    this.#start = start;
    this.#client = signal;
    this.#onOver = onOver;
    signal.addEventListener("abort", this.#onLeft, { once: true });
    if (signal.aborted) this.abort();
  }

  /** Type of the last event that was read, or null before the first one. */
  get last(): AnswerEvent["type"] | null {
    return this.#last;
  }

  /** Ends the turn with this error, or with `aborted`. */
  abort(reason: NanoAgentError | null = null): void {
    if (this.#isOver) return;
    this.#reason ??= reason;
    this.#abort.abort();
    // The pending event is the end of the turn, or the next one is.
    if (this.#isReading || this.#failure !== null) return;
    this.#failure = this.#reason ?? aborted();
    if (this.#events === null) this.#finish();
    else void this.#stop();
  }

  async next(): Promise<IteratorResult<AnswerEvent, void>> {
    if (this.#failure !== null) return this.#fail(this.#failure);
    if (this.#isRead) return { done: true, value: undefined };
    this.#isReading = true;
    try {
      this.#events ??= await this.#start(this.#abort);
      const result = await this.#events.next();
      if (result.done === true) return this.#fail(this.#reason ?? aborted());
      const { value } = result;
      this.#last = value.type;
      if (value.type !== "run-end" && value.type !== "error") return result;
      this.#finish();
      this.#isRead = true;
      if (value.type === "run-end" || value.error.code !== "aborted" || this.#reason === null) return result;
      return { done: false, value: { ...value, error: this.#reason } };
    } catch (error) {
      const failure = unexpected(error);
      return this.#fail(failure.code === "aborted" ? (this.#reason ?? failure) : failure);
    } finally {
      this.#isReading = false;
    }
  }

  async return(): Promise<IteratorResult<AnswerEvent, void>> {
    this.#isRead = true;
    this.#failure = null;
    this.#abort.abort();
    await this.#stop();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<AnswerEvent, void>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  readonly #onLeft = (): void => this.abort();

  #fail(error: NanoAgentError): IteratorResult<AnswerEvent, void> {
    this.#finish();
    this.#failure = null;
    if (this.#isRead) return { done: true, value: undefined };
    this.#isRead = true;
    return { done: false, value: { type: "error", error } };
  }

  /** Ends the events. */
  async #stop(): Promise<void> {
    try {
      await this.#events?.return();
    } catch {
      // Nobody reads this failure.
    } finally {
      this.#finish();
    }
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#client.removeEventListener("abort", this.#onLeft);
    this.#onOver();
  }
}
