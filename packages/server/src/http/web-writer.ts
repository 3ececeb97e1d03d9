import type { ReplyWriter } from "./exchange.js";

/**
 * Writes a streamed body to a platform `ReadableStream`. When the reader is slow, `write` returns a promise that resolves
 * with its next pull or when it leaves. A reader that takes nothing for `unreadMilliseconds` is taken to have left.
 */
export class WebWriter implements ReplyWriter {
  readonly #controller: ReadableStreamDefaultController<Uint8Array>;
  readonly #unreadMilliseconds: number;
  readonly #onUnread: () => void;
  readonly #encoder = new TextEncoder();
  #hasEnded = false;
  #room: Promise<void> | null = null;
  #makeRoom: (() => void) | null = null;

  constructor(
    controller: ReadableStreamDefaultController<Uint8Array>,
    unreadMilliseconds: number,
    onUnread: () => void,
  ) {
    this.#controller = controller;
    this.#unreadMilliseconds = unreadMilliseconds;
    this.#onUnread = onUnread;
  }

  write(text: string): void | Promise<void> {
    if (this.#hasEnded || text === "") return;
    this.#controller.enqueue(this.#encoder.encode(text));
    if ((this.#controller.desiredSize ?? 0) > 0) return;
    this.#room ??= this.#waitForRoom();
    return this.#room;
  }

  makeRoom(): void {
    this.#makeRoom?.();
  }

  close(): void {
    if (!this.#hasEnded) this.#controller.close();
    this.#hasEnded = true;
  }

  /** Ends the stream with an error, so that the reader knows that it is not complete. */
  fail(error: unknown): void {
    if (!this.#hasEnded) this.#controller.error(error);
    this.leave();
  }

  /** Releases a waiting writer. Later writes do nothing. */
  leave(): void {
    this.#hasEnded = true;
    this.#makeRoom?.();
  }

  #waitForRoom(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.fail(new Error("The reply was not read in time."));
        this.#onUnread();
      }, this.#unreadMilliseconds);
      this.#makeRoom = () => {
        clearTimeout(timer);
        this.#room = null;
        this.#makeRoom = null;
        resolve();
      };
    });
  }
}
