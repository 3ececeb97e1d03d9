import { JsonSplitter } from "../../json/json-scanner.js";
import { MAX_MESSAGE_BYTES } from "./message-limits.js";
import { type AskedRequests, readMessages, type WireMessage } from "./read-messages.js";

/** Most lines of an event stream. Each message that accompanies an answer has only a few. */
const MAX_EVENT_LINES = 10_000;
/** Most characters of an answer that can be quoted. */
const MAX_SAID_CHARACTERS = 2000;

/**
 * Reads the messages of an HTTP answer as it arrives. The content determines the format, not its label: JSON where it
 * begins like JSON, otherwise events, where a line that is not a field counts as data.
 */
export class AnswerReader {
  readonly #asked: AskedRequests;
  readonly #takesErrorsWithoutId: boolean;
  readonly #decoder = new TextDecoder();
  #json: JsonSplitter | null = null;
  #isBegun = false;
  #endsInReturn = false;
  #lines = 0;
  #line = "";
  #data: string[] = [];
  #said = "";
  #hasAnswered = false;

  constructor(asked: AskedRequests, { takesErrorsWithoutId = true } = {}) {
    this.#asked = asked;
    this.#takesErrorsWithoutId = takesErrorsWithoutId;
  }

  /** Whether an answer to an open request has arrived. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** The beginning of the received text. */
  get said(): string {
    return this.#said;
  }

  /** Returns the messages that these bytes complete. Throws an {@link Error} for a flood. */
  push(bytes: Uint8Array): WireMessage[] {
    return this.#push(this.#decoder.decode(bytes, { stream: true }));
  }

  /** Returns the messages that the end of the answer completes. */
  end(): WireMessage[] {
    const found = this.#push(this.#decoder.decode());
    if (this.#json !== null) return [...found, ...this.#read(this.#json.rest)];
    return [...found, ...this.#readLine(this.#line), ...this.#endEvent()];
  }

  #push(text: string): WireMessage[] {
    if (this.#said.length < MAX_SAID_CHARACTERS) this.#said += text.slice(0, MAX_SAID_CHARACTERS - this.#said.length);
    let rest = text;
    if (!this.#isBegun) {
      rest = text.replace(/^[\ufeff\0\s]+/, "");
      if (rest === "") return [];
      this.#isBegun = true;
      if (/^[[{]/.test(rest)) this.#json = new JsonSplitter(MAX_MESSAGE_BYTES);
    }
    if (this.#json !== null) return this.#json.push(rest).flatMap((value) => this.#read(value));
    return this.#pushLines(rest);
  }

  #pushLines(text: string): WireMessage[] {
    // A line may end in CR LF, and the LF may arrive later.
    const rest = this.#endsInReturn && text.startsWith("\n") ? text.slice(1) : text;
    if (text !== "") this.#endsInReturn = text.endsWith("\r");
    const lines = rest.split(/\r\n|\n|\r/);
    lines[0] = this.#line + lines[0];
    this.#line = lines.pop() ?? "";
    this.#lines += lines.length;
    if (this.#lines > MAX_EVENT_LINES) throw new Error("it floods");
    return lines.flatMap((line) => this.#readLine(line));
  }

  #readLine(line: string): WireMessage[] {
    if (line.trim() === "") return this.#endEvent();
    if (line.startsWith("data:")) this.#data.push(line.slice(5).replace(/^ /, ""));
    else if (!/^(?:(?:event|id|retry)?:|(?:data|event|id|retry)$)/.test(line)) this.#data.push(line);
    return [];
  }

  #endEvent(): WireMessage[] {
    const data = this.#data;
    this.#data = [];
    const found = this.#read(data.join("\n"));
    // Some servers omit the empty line between two events.
    return found.length > 0 || data.length < 2 ? found : data.flatMap((line) => this.#read(line));
  }

  #read(text: string): WireMessage[] {
    const messages = readMessages(text, this.#asked, { takesErrorsWithoutId: this.#takesErrorsWithoutId });
    this.#hasAnswered ||= messages.some(({ id, method }) => method === undefined && this.#asked.has(String(id)));
    return messages;
  }
}
