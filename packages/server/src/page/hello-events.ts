import { lineJson } from "../http/line-json.js";
import type { PageEvent, PageTurn, ShownConversation } from "./page-events.js";
import { eventText, type LongEvent } from "./page-stream.js";

/** From this number of waiting bytes on, no more pages are opened until others have read theirs. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** Bytes that are decoded at a time. */
const PIECE_BYTES = 32 * 1024;

const encoder = new TextEncoder();
const COMMA = encoder.encode(",");

export type HelloEvent = Extract<PageEvent, { type: "hello" }>;

/**
 * The events with the whole state that wait for pages, as UTF-8. A turn is encoded once until it changes, and its bytes are
 * the same for all pages: several that read slowly cost as much as one.
 */
export class HelloEvents {
  /** Bytes that no event has are free to be collected. */
  readonly #encoded = new WeakMap<PageTurn, WeakRef<Uint8Array>>();
  /** Number of events that have each piece. */
  readonly #uses = new Map<Uint8Array, number>();
  #waitingBytes = 0;

  /** Bytes that wait for pages. Those that several pages share count once. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get isFull(): boolean {
    return this.#waitingBytes >= MAX_WAITING_BYTES;
  }

  /** Returns the event as it is sent. Its bytes wait until it is released. */
  add({ conversation, ...rest }: HelloEvent): LongEvent {
    let pieces: readonly Uint8Array[] =
      conversation === null ? [encoder.encode(eventText({ ...rest, conversation }))] : this.#encode(rest, conversation);
    for (const piece of pieces) this.#use(piece);
    return {
      texts: () => textsOf(pieces),
      release: () => {
        for (const piece of pieces) this.#release(piece);
        // A stream may keep the event.
        pieces = [];
      },
    };
  }

  #encode(rest: Omit<HelloEvent, "conversation">, { turns, ...shown }: ShownConversation): Uint8Array[] {
    const frame = eventText({ ...rest, conversation: { ...shown, turns: [] } });
    const end = frame.lastIndexOf("]");
    return [
      encoder.encode(frame.slice(0, end)),
      ...turns.flatMap((turn, index) => (index === 0 ? [this.#turn(turn)] : [COMMA, this.#turn(turn)])),
      encoder.encode(frame.slice(end)),
    ];
  }

  #turn(turn: PageTurn): Uint8Array {
    const known = this.#encoded.get(turn)?.deref();
    if (known !== undefined) return known;
    const bytes = encoder.encode(lineJson(turn));
    this.#encoded.set(turn, new WeakRef(bytes));
    return bytes;
  }

  #use(piece: Uint8Array): void {
    const uses = this.#uses.get(piece) ?? 0;
    if (uses === 0) this.#waitingBytes += piece.byteLength;
    this.#uses.set(piece, uses + 1);
  }

  #release(piece: Uint8Array): void {
    const uses = this.#uses.get(piece) ?? 0;
    if (uses > 1) this.#uses.set(piece, uses - 1);
    else if (this.#uses.delete(piece)) this.#waitingBytes -= piece.byteLength;
  }
}

/** Returns the text of pieces, in parts of about the same length. */
function* textsOf(pieces: readonly Uint8Array[]): Generator<string, void> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  for (const piece of pieces) {
    for (let at = 0; at < piece.byteLength; at += PIECE_BYTES) {
      text += decoder.decode(piece.subarray(at, at + PIECE_BYTES), { stream: true });
      if (text.length < PIECE_BYTES / 2) continue;
      yield text;
      text = "";
    }
  }
  if (text !== "") yield text;
}
