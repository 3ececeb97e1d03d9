import type { ServerResponse } from "node:http";
import type { ReplyWriter } from "./exchange.js";

/**
 * Writes a streamed body to a connection. When the client reads slowly, `write` returns a promise that resolves with the
 * connection's `drain` or when the client leaves, whichever is first: a client that has left never drains. A client that
 * reads nothing for `unreadMilliseconds` is disconnected.
 */
export class NodeWriter implements ReplyWriter {
  readonly #response: ServerResponse;
  readonly #unreadMilliseconds: number;
  #hasLeft = false;
  #room: Promise<void> | null = null;
  #makeRoom: (() => void) | null = null;

  constructor(response: ServerResponse, unreadMilliseconds: number) {
    this.#response = response;
    this.#unreadMilliseconds = unreadMilliseconds;
  }

  write(text: string): void | Promise<void> {
    if (this.#hasLeft || text === "" || this.#response.write(text)) return;
    this.#room ??= this.#waitForRoom();
    return this.#room;
  }

  /** Releases a waiting writer. Later writes do nothing. */
  leave(): void {
    this.#hasLeft = true;
    this.#makeRoom?.();
  }

  #waitForRoom(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#response.destroy(), this.#unreadMilliseconds);
      const makeRoom = () => {
        clearTimeout(timer);
        this.#response.off("drain", makeRoom);
        this.#room = null;
        this.#makeRoom = null;
        resolve();
      };
      this.#makeRoom = makeRoom;
      this.#response.on("drain", makeRoom);
    });
  }
}
