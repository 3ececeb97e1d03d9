import { cutText } from "@nanoagent/models";
import type { ReplyWriter } from "../http/exchange.js";
import { lineJson } from "../http/line-json.js";
import { StreamKeepAlive } from "../http/stream-keep-alive.js";
import type { PageEvent } from "./page-events.js";

/** Most characters that wait for a page besides its first event. A page that reads more slowly gets the whole state again. */
const MAX_WAITING_CHARACTERS = 1024 * 1024;
/** A slow page must read a piece of this length in the time that the service waits for a client. */
const PIECE_CHARACTERS = 32 * 1024;
/** With the third that may be added, something is sent every 5 s. A page takes 12 s of silence for an outage. */
const KEEP_ALIVE_MILLISECONDS = 3600;

/** Returns an event as it is sent. Events for several pages are written once. */
export function eventText(event: PageEvent): string {
  return `data: ${lineJson(event)}\n\n`;
}

/** An event that is held in pieces, which other pages may share. */
export interface LongEvent {
  /** Its text, without a cut within a character. */
  texts(): Iterable<string>;
  /** Called when the page has got it, or does not get it any more. */
  release(): void;
}

/** The events of one open page. */
export class PageStream {
  /** Id of the conversation that the page shows, or null. */
  readonly conversation: string | null;
  readonly #queue: (string | LongEvent)[] = [];
  #waitingCharacters = 0;
  #isClosed = false;
  #wake: () => void = () => {};

  constructor(conversation: string | null) {
    this.conversation = conversation;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Adds an event. A page that has too many waiting is closed: it connects again. A long event does not count. */
  send(event: string | LongEvent): void {
    if (this.#isClosed) {
      release(event);
      return;
    }
    this.#queue.push(event);
    this.#waitingCharacters += lengthOf(event);
    if (this.#waitingCharacters > MAX_WAITING_CHARACTERS) this.#drop();
    this.#wake();
  }

  /** Drops the events that wait: the next one has the whole state. */
  forget(): void {
    for (const event of this.#queue.splice(0)) release(event);
    this.#waitingCharacters = 0;
  }

  /** Ends the stream after the events that wait. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** Writes events until the stream is closed, or the page has left. `first` does not count as waiting. */
  async run(out: ReplyWriter, signal: AbortSignal, first: string | LongEvent): Promise<void> {
    const leave = () => this.#drop();
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) leave();
    const keepAlive = new StreamKeepAlive();
    let isWriting = false;
    // A comment within an event would break it.
    keepAlive.start(KEEP_ALIVE_MILLISECONDS, () => (isWriting ? undefined : out.write(": ping\n\n")));
    try {
      for (let event: string | LongEvent | null = first; event !== null; event = await this.#next()) {
        isWriting = true;
        try {
          for (const piece of typeof event === "string" ? piecesOf(event) : event.texts()) {
            if (signal.aborted) break;
            keepAlive.noteWrite();
            const room = out.write(piece);
            if (room !== undefined) await room;
          }
        } finally {
          release(event);
        }
        isWriting = false;
      }
    } finally {
      keepAlive.stop();
      signal.removeEventListener("abort", leave);
      this.#drop();
    }
  }

  /** Returns null at the end. */
  async #next(): Promise<string | LongEvent | null> {
    for (;;) {
      const event = this.#queue.shift();
      if (event !== undefined) {
        this.#waitingCharacters -= lengthOf(event);
        return event;
      }
      if (this.#isClosed) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #drop(): void {
    this.forget();
    this.close();
  }
}

function lengthOf(event: string | LongEvent): number {
  return typeof event === "string" ? event.length : 0;
}

function release(event: string | LongEvent): void {
  if (typeof event !== "string") event.release();
}

function* piecesOf(text: string): Generator<string, void> {
  for (let at = 0; at < text.length; ) {
    const piece = cutText(text.slice(at, at + PIECE_CHARACTERS), PIECE_CHARACTERS);
    at += piece.length;
    yield piece;
  }
}
