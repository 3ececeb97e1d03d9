import { LineSplitter, LineTooLong } from "./line-splitter.js";

export interface ServerSentEvent {
  /** `message` where the server names none. */
  type: string;
  data: string;
}

/**
 * Reads a stream of Server-Sent Events as the HTML standard says, and two habits of real servers beside it: a line that
 * begins with `{` is data that its sender forgot to mark, and a field named `error` is an event of that type. What is
 * left at the end of the stream without an empty line counts as an event.
 */
export class ServerSentEventParser {
  readonly #lines: LineSplitter;
  readonly #maxBytes: number;
  #isFirstLine = true;
  #type = "";
  #data: string[] = [];
  #dataLength = 0;

  /** `maxBytes` bounds each line, and the characters of each event. */
  constructor(maxBytes: number) {
    this.#lines = new LineSplitter(maxBytes);
    this.#maxBytes = maxBytes;
  }

  /** The events that these bytes complete. Throws {@link LineTooLong}. */
  *push(bytes: Buffer): Generator<ServerSentEvent> {
    for (const line of this.#lines.push(bytes)) yield* this.#read(line);
  }

  /** The events that the end of the stream completes. */
  *end(): Generator<ServerSentEvent> {
    const line = this.#lines.end();
    if (line !== null) yield* this.#read(line);
    yield* this.#read("");
  }

  *#read(rawLine: string): Generator<ServerSentEvent> {
    const line = this.#isFirstLine ? rawLine.replace(/^\uFEFF/, "") : rawLine;
    this.#isFirstLine = false;
    if (line === "") {
      if (this.#data.length > 0) yield { type: this.#type || "message", data: this.#data.join("\n") };
      this.#type = "";
      this.#data = [];
      this.#dataLength = 0;
      return;
    }
    if (line.startsWith("{")) return this.#keep(line);
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "event") this.#type = value;
    else if (field === "data") this.#keep(value);
    else if (field === "error") {
      this.#type = "error";
      this.#keep(value);
    }
  }

  #keep(data: string): void {
    this.#dataLength += data.length + 1;
    if (this.#dataLength > this.#maxBytes) throw new LineTooLong(`more than ${this.#maxBytes} characters in one event`);
    this.#data.push(data);
  }
}
