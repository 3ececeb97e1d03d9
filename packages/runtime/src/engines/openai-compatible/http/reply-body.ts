import type { ClientRequest, IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { RemoteEngineError } from "../remote-engine-error.js";
import { explainNetworkFailure } from "./explain-failure.js";

/** 128k tokens in pieces of 400 bytes are 50 MB; more is no reply. Nothing of it is held. */
const MAX_BODY_BYTES = 64 * 2 ** 20;
/** How long the end of an answer that is no longer read may take before its connection is given up. */
const FINISH_MILLISECONDS = 1000;

/** The body of an answer, read piece by piece, with every wait bounded. */
export class ReplyBody {
  readonly status: number;
  readonly #label: string;
  readonly #request: ClientRequest;
  readonly #response: IncomingMessage;
  /** The answer's bytes, no longer compressed. */
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
   * The next bytes, or null at the end. Throws when none come within so many milliseconds, and what
   * {@link cancel} was called with. `what` ends the sentence "The server did not … in time".
   */
  async read(milliseconds: number, what = "complete its answer"): Promise<Buffer | null> {
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

  /** All of it as text. Throws when it is longer, or takes longer. */
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
        const error = RemoteEngineError.protocol(this.#label, `sent an answer of more than ${maxBytes} bytes`);
        this.cancel(error);
        throw error;
      }
    }
  }

  /** Ends the answer here: whoever reads it gets `reason` thrown, and the connection is closed. */
  cancel(reason: unknown): void {
    if (this.#failure === null) this.#failure = reason;
    this.#request.destroy();
    this.#wake();
  }

  /** All that is of interest has been read. The connection is kept when the answer ends in time. */
  finish(): void {
    if (this.#source.readableEnded || this.#source.destroyed) return;
    const timer = setTimeout(() => this.#request.destroy(), FINISH_MILLISECONDS);
    timer.unref();
    this.#source.once("close", () => clearTimeout(timer));
    // A stream that is listened to in this way does not flow.
    this.#source.removeListener("readable", this.#changed);
    this.#source.resume();
  }
}

export function tooSlow(label: string, what: string): RemoteEngineError {
  return new RemoteEngineError({
    code: "remote-timeout",
    message: `The server at ${label} did not ${what} in time.`,
    hint: "Its own log says what it is doing; a smaller model or a shorter prompt is answered sooner.",
  });
}

function explainIfNetwork(label: string, error: unknown): unknown {
  const isNetworkError = error instanceof Error && typeof (error as NodeJS.ErrnoException).code === "string";
  return isNetworkError ? explainNetworkFailure(label, error) : error;
}
