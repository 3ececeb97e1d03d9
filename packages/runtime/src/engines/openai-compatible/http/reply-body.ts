import type { ClientRequest, IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { RemoteEngineError } from "../remote-engine-error.js";
import { explainNetworkFailure } from "./explain-failure.js";

/** Limit per response. 128k tokens in pieces of 400 bytes are 50 MB. Nothing is buffered. */
const MAX_BODY_BYTES = 64 * 2 ** 20;
/** Longest wait for the end of a response that is no longer read, before its connection is closed. */
const FINISH_MILLISECONDS = 1000;

/** The body of a response, read in pieces, with a timeout for every wait. */
export class ReplyBody {
  readonly status: number;
  readonly #label: string;
  readonly #request: ClientRequest;
  readonly #response: IncomingMessage;
  /** Decompressed bytes of the response. */
  readonly #source: Readable;
  #failure: unknown = null;
  #bytes = 0;
  #wake = () => {};
  readonly #changed = () => this.#wake();

  constructor(label: string, request: ClientRequest, response: IncomingMessage, source: Readable = response) {
    this.status = response.statusCode ?? 0;
    this.#label = label;
    this.#request = request;
    this.#response = response;
    this.#source = source;
    source.on("readable", this.#changed);
    source.on("end", this.#changed);
    source.on("error", (error) => this.cancel(error));
    source.on("close", () => {
      if (!source.readableEnded) this.cancel(Object.assign(new Error("closed"), { code: "ECONNRESET" }));
    });
  }

  header(name: "retry-after" | "location"): string | undefined {
    return this.#response.headers[name];
  }

  /**
   * Returns the next bytes, or null at the end. Throws a timeout error after this time, or the reason passed to
   * {@link cancel}. `what` completes the sentence "The server did not … in time".
   */
  async read(milliseconds: number, what = "complete its response"): Promise<Buffer | null> {
    const timer = setTimeout(() => this.cancel(tooSlow(this.#label, what)), Math.max(0, milliseconds));
    try {
      for (;;) {
        if (this.#failure !== null) throw this.#failure;
        const bytes = this.#source.read() as Buffer | null;
        if (bytes !== null) {
          this.#bytes += bytes.length;
          if (this.#bytes <= MAX_BODY_BYTES) return bytes;
          this.cancel(RemoteEngineError.protocol(this.#label, `sent more than ${MAX_BODY_BYTES} bytes`));
        } else if (this.#source.readableEnded) return null;
        else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } catch (error) {
      throw explainIfNetwork(this.#label, error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Returns the whole body as text. Throws if it is too long or takes too long. */
  async text(maxBytes: number, milliseconds: number): Promise<string> {
    const until = performance.now() + milliseconds;
    const pieces: Buffer[] = [];
    let length = 0;
    for (;;) {
      const bytes = await this.read(until - performance.now());
      if (bytes === null) return Buffer.concat(pieces).toString("utf8");
      pieces.push(bytes);
      length += bytes.length;
      if (length > maxBytes) {
        const error = RemoteEngineError.protocol(this.#label, `sent a response of more than ${maxBytes} bytes`);
        this.cancel(error);
        throw error;
      }
    }
  }

  /** Ends the response: readers get `reason` thrown, and the connection is closed. */
  cancel(reason: unknown): void {
    if (this.#failure === null) this.#failure = reason;
    this.#request.destroy();
    this.#wake();
  }

  /** Call when no more data is needed. The connection is reused if the response ends in time. */
  finish(): void {
    if (this.#source.readableEnded || this.#source.destroyed) return;
    const timer = setTimeout(() => this.#request.destroy(), FINISH_MILLISECONDS);
    timer.unref();
    this.#source.once("close", () => clearTimeout(timer));
    // A stream with a `readable` listener does not flow.
    this.#source.removeListener("readable", this.#changed);
    this.#source.resume();
  }
}

export function tooSlow(label: string, what: string): RemoteEngineError {
  return new RemoteEngineError({
    code: "remote-timeout",
    message: `The server at ${label} did not ${what} in time.`,
    hint: "Check the server's log. A smaller model or a shorter prompt responds sooner.",
  });
}

function explainIfNetwork(label: string, error: unknown): unknown {
  const isNetworkError = error instanceof Error && typeof (error as NodeJS.ErrnoException).code === "string";
  return isNetworkError ? explainNetworkFailure(label, error) : error;
}
