import type { Socket } from "node:net";
import { setImmediate as nextPass } from "node:timers/promises";
import type { WyomingSettings } from "@nanoagent/models";
import type { ConversationMemory } from "../conversations/conversation-memory.js";
import type { OperatedAgent } from "../service/served-agent.js";
import { agentInfo } from "./agent-info.js";
import { answerTranscript } from "./answer-transcript.js";
import type { FrameMemory } from "./frame-memory.js";
import { type FrameFault, FrameReader, readEventData, type WyomingEvent } from "./frame-reader.js";
import { writeFrame } from "./frame-writer.js";
import { readTranscript } from "./read-transcript.js";
import type { ReadTurns } from "./read-turns.js";

/** Longest time from the first to the last byte of a frame. */
const FRAME_MILLISECONDS = 30_000;
/** Longest time for a peer to read a reply. */
const READ_MILLISECONDS = 30_000;
/** Longest time without an event. Home Assistant connects anew for each message. */
const IDLE_MILLISECONDS = 10 * 60_000;
/** Time for the last bytes of a connection that ends. */
const LAST_BYTES_MILLISECONDS = 1000;
/** Events of a peer that may wait. More of them wait in the socket. */
const MAX_WAITING_EVENTS = 16;

/** Events that get a reply. All others are ignored, such as audio. */
const answered: ReadonlySet<string> = new Set(["describe", "ping", "transcript"]);

/** Why the service ended a connection. */
export type EndReason = FrameFault | "frame-too-slow" | "reply-not-read" | "reply-failed" | "idle" | "too-much-memory";

export interface ConnectionParts {
  readonly operated: OperatedAgent;
  readonly settings: WyomingSettings;
  readonly memory: ConversationMemory;
  readonly frameMemory: FrameMemory;
  /** Those of all connections. */
  readonly readTurns: ReadTurns;
  /** Called when the service ends the connection, except at its own end. `error`: the failure behind `reply-failed`. */
  readonly onEnd: (reason: EndReason, error?: unknown) => void;
}

/** Times of a connection, in milliseconds. Tests shorten them. */
export interface ConnectionTimes {
  readonly frame: number;
  readonly read: number;
  readonly idle: number;
}

/**
 * Answers the events of one peer, in their order. When the peer leaves, its turn is aborted, also when it only closes its
 * own direction.
 */
export class WyomingConnection {
  readonly #socket: Socket;
  readonly #parts: ConnectionParts;
  readonly #times: ConnectionTimes;
  readonly #id = crypto.randomUUID();
  readonly #abort = new AbortController();
  readonly #reader = new FrameReader((type) => answered.has(type));
  readonly #waiting: WyomingEvent[] = [];
  /** Memory of the events that wait, and of the one that is being answered. */
  #waitingBytes = 0;
  #isAnswering = false;
  /** Whether nothing is read until events are answered. */
  #isHeld = false;
  /** Whether nothing more is read. */
  #isEnding = false;
  /** Whether it ends as soon as it has answered. What comes then is not read. */
  #isClosing = false;
  #frameTimer: NodeJS.Timeout | null = null;
  #idleTimer: NodeJS.Timeout | null = null;

  constructor(socket: Socket, parts: ConnectionParts, times: Partial<ConnectionTimes> = {}) {
    this.#socket = socket;
    this.#parts = parts;
    this.#times = { frame: FRAME_MILLISECONDS, read: READ_MILLISECONDS, idle: IDLE_MILLISECONDS, ...times };
    socket.on("data", (bytes: Uint8Array) => this.#receive(bytes));
    socket.on("end", () => this.#end(null));
    // The connection is closed after an error.
    socket.on("error", () => {});
    socket.on("close", () => this.#forget());
    this.#watch(true);
  }

  /** Ends the connection after the reply that is being written. */
  close(): void {
    this.#isClosing = true;
    if (!this.#isAnswering) this.#end(null);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Uint8Array): void {
    // The rest of a frame that nobody wants is thrown away, so that the peer can read the end.
    if (this.#isEnding || this.#isClosing) return;
    this.#socket.pause();
    this.#parts.readTurns.add(() => this.#read(bytes));
  }

  #read(bytes: Uint8Array): void {
    if (this.#isEnding) return;
    const events = this.#reader.push(bytes);
    for (const event of events) {
      if (!answered.has(event.type)) continue;
      this.#waiting.push(event);
      this.#waitingBytes += event.bytes;
    }
    const { fault } = this.#reader;
    void this.#answer();
    if (this.#isEnding) return;
    if (fault !== null) this.#end(fault);
    else if (!this.#count()) this.#end("too-much-memory");
    else {
      this.#isHeld = this.#waiting.length > MAX_WAITING_EVENTS;
      if (!this.#isHeld) this.#socket.resume();
      this.#watch(events.length > 0);
    }
  }

  #count(): boolean {
    return this.#parts.frameMemory.hold(this, this.#reader.bufferBytes + this.#waitingBytes);
  }

  /** Answers the events that wait. Never rejects. */
  async #answer(): Promise<void> {
    if (this.#isAnswering || this.#waiting.length === 0) return;
    this.#isAnswering = true;
    try {
      while (this.#waiting.length > 0) {
        const bytes = this.#waiting[0]?.bytes ?? 0;
        const reply = this.#replyToNext();
        if (reply === null) return this.#end("data-not-valid");
        await this.#write(reply instanceof Uint8Array ? reply : await reply);
        if (this.#isEnding) return;
        this.#waitingBytes -= bytes;
        // Other requests are answered between the events of a peer that sends many.
        if (this.#waiting.length > MAX_WAITING_EVENTS && !this.#isClosing) await nextPass();
      }
    } catch (error) {
      this.#end("reply-failed", error);
    }
    this.#isAnswering = false;
    if (this.#isEnding) return;
    if (this.#isClosing) return this.#end(null);
    this.#count();
    if (this.#isHeld) this.#socket.resume();
    this.#isHeld = false;
    // The frame that is being read may have begun before.
    this.#watch(false);
  }

  /** Parses the next event, and keeps only what its reply needs. Returns null if its data is not valid. */
  #replyToNext(): Uint8Array | Promise<Uint8Array> | null {
    const event = this.#waiting.shift();
    const data = event === undefined ? null : readEventData(event);
    if (event === undefined || data === null) return null;
    const { type } = event;
    const { operated, settings, memory } = this.#parts;
    if (type === "describe") return writeFrame("info", agentInfo(operated, settings));
    if (type === "ping") return writeFrame("pong", typeof data.text === "string" ? { text: data.text } : {});
    const parts = { operated, memory, connectionId: this.#id };
    return answerTranscript(readTranscript(data), parts, this.#abort.signal).then((reply) =>
      writeFrame(reply.type, reply.data),
    );
  }

  /** Writes a frame. Resolves at once if the peer reads, or when it does. */
  #write(frame: Uint8Array): void | Promise<void> {
    if (this.#isEnding || this.#socket.write(frame)) return;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#end("reply-not-read"), this.#times.read);
      const done = () => {
        clearTimeout(timer);
        this.#socket.off("drain", done).off("close", done);
        resolve();
      };
      this.#socket.on("drain", done).on("close", done);
    });
  }

  /** Sets the limits of time that apply now. `isNext`: the last frame was complete. */
  #watch(isNext: boolean): void {
    if (this.#frameTimer !== null && (isNext || this.#isHeld || !this.#reader.isWithinFrame)) {
      clearTimeout(this.#frameTimer);
      this.#frameTimer = null;
    }
    if (this.#reader.isWithinFrame && !this.#isHeld) {
      this.#frameTimer ??= setTimeout(() => this.#end("frame-too-slow"), this.#times.frame).unref();
    }
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    this.#idleTimer = null;
    if (this.#isAnswering || this.#reader.isWithinFrame) return;
    this.#idleTimer = setTimeout(() => this.#end("idle"), this.#times.idle).unref();
  }

  /** Ends the connection: its turn is aborted, and replies that are written already still arrive. */
  #end(reason: EndReason | null, error?: unknown): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (reason !== null) this.#parts.onEnd(reason, error);
    this.#stop();
    this.#socket.resume();
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), LAST_BYTES_MILLISECONDS).unref();
    this.#socket.once("close", () => clearTimeout(timer));
  }

  /** The socket is closed. */
  #forget(): void {
    this.#isEnding = true;
    this.#stop();
  }

  #stop(): void {
    this.#abort.abort();
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#parts.frameMemory.hold(this, 0);
    if (this.#frameTimer !== null) clearTimeout(this.#frameTimer);
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
  }
}
