import type { ReplyWriter } from "./exchange.js";
import { lineJson } from "./line-json.js";
import { StreamKeepAlive } from "./stream-keep-alive.js";

/** Headers of a stream of Server-Sent Events. */
export const eventStreamHeaders: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache",
  // nginx would collect the events.
  "x-accel-buffering": "no",
};

/**
 * Writes Server-Sent Events. Each method returns a promise while the client reads slowly, as
 * {@link ReplyWriter.write} does. After `keepAlive`, `stop` or `done` must be called at the end.
 */
export class EventStream {
  readonly #out: ReplyWriter;
  readonly #keepAlive = new StreamKeepAlive();

  constructor(out: ReplyWriter) {
    this.#out = out;
  }

  /** Writes an event without a name. */
  data(json: unknown): void | Promise<void> {
    return this.#write(`data: ${lineJson(json)}\n\n`);
  }

  /** Writes an event with a name, as the Responses API needs it. */
  event(name: string, json: unknown): void | Promise<void> {
    return this.#write(`event: ${name}\ndata: ${lineJson(json)}\n\n`);
  }

  /** Writes a comment, which clients ignore. */
  comment(text: string): void | Promise<void> {
    return this.#write(`: ${text.replaceAll(/[\r\n]+/g, " ")}\n\n`);
  }

  /** Writes the end that OpenAI's clients wait for. */
  done(): void | Promise<void> {
    this.stop();
    return this.#write("data: [DONE]\n\n");
  }

  /** Writes a comment whenever nothing else was written for the given time, so that proxies and clients keep waiting. */
  keepAlive(milliseconds = KEEP_ALIVE_MILLISECONDS): void {
    this.#keepAlive.start(milliseconds, () => this.#out.write(": ping\n\n"));
  }

  /** Ends the comments of `keepAlive`. */
  stop(): void {
    this.#keepAlive.stop();
  }

  #write(text: string): void | Promise<void> {
    this.#keepAlive.noteWrite();
    return this.#out.write(text);
  }
}

/** Reading a prompt takes minutes on a small board; proxies close a silent connection after 30 s or 60 s. */
const KEEP_ALIVE_MILLISECONDS = 15_000;
