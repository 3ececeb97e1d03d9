import { isEnd, type StreamValue, StreamValues } from "../stream/stream-values.js";
import { NoSuchReply } from "./no-such-reply.js";
import { readChunk } from "./read-chunk.js";
import type { ReplyPart } from "./reply-part.js";

/** Limit per piece. Typical pieces have a few hundred bytes; a whole tool call may have a few hundred thousand. */
const MAX_PIECE_BYTES = 2 ** 20;

/** Reads the stream of one reply. Throws {@link LineTooLong} and {@link NoSuchReply}. */
export class ReplyReader {
  readonly #values = new StreamValues(MAX_PIECE_BYTES);

  *push(bytes: Buffer): Generator<ReplyPart> {
    for (const value of this.#values.push(bytes)) yield read(value);
  }

  /** Yields the values that the end of the stream completes. */
  *end(): Generator<ReplyPart> {
    for (const value of this.#values.end()) yield read(value);
  }
}

function read({ type, text, value, isEvent }: StreamValue): ReplyPart {
  if (value === undefined) {
    if (isEnd(text)) return { isLast: true };
    if (type === "error") return { error: text };
    if (/^\s*</.test(text)) throw new NoSuchReply("sent an HTML page instead of a reply");
    if (/^\s*[{[]/.test(text)) throw new NoSuchReply("sent invalid JSON in its reply");
    return { words: text };
  }
  if (type === "error") return { error: (value as { error?: unknown } | null)?.error ?? value };
  return readChunk(value, !isEvent);
}
