import { isEnd, type StreamValue, StreamValues } from "../stream/stream-values.js";
import { NoSuchReply } from "./no-such-reply.js";
import { readChunk } from "./read-chunk.js";
import type { ReplyPart } from "./reply-part.js";

/** A piece of a reply is a few hundred bytes; a tool call that comes as a whole may be a few hundred thousand. */
const MAX_PIECE_BYTES = 2 ** 20;

/** Reads the stream of one reply. Throws {@link LineTooLong} and {@link NoSuchReply}. */
export class ReplyReader {
  readonly #values = new StreamValues(MAX_PIECE_BYTES);

  *push(bytes: Buffer): Generator<ReplyPart> {
    for (const value of this.#values.push(bytes)) yield read(value);
  }

  /** What the end of the stream completes. */
  *end(): Generator<ReplyPart> {
    for (const value of this.#values.end()) yield read(value);
  }
}

function read({ type, text, value, isEvent }: StreamValue): ReplyPart {
  if (value === undefined) {
    if (isEnd(text)) return { isLast: true };
    if (type === "error") return { error: text };
    if (/^\s*</.test(text)) throw new NoSuchReply("sent an HTML page where a reply was to be streamed");
    if (/^\s*[{[]/.test(text)) throw new NoSuchReply("sent a piece of its reply that is not JSON");
    return { words: text };
  }
  if (type === "error") return { error: (value as { error?: unknown } | null)?.error ?? value };
  return readChunk(value, !isEvent);
}
