import { minorCollection } from "../files/minor-collection.js";
import { ResponseTimeout } from "../network/connection-errors.js";
import type { HttpBody } from "../network/http-client.js";

/** Longest time for one body, however it trickles: 15 MB at 10 KB/s take 25 minutes. */
const BODY_MILLISECONDS = 3_600_000;

export interface BodyOptions {
  /** Longest pause between two parts of the body. */
  stallMilliseconds: number;
  signal: AbortSignal | undefined;
  /** Called with the number of bytes of every part that arrives. */
  onBytes: (bytes: number) => void;
}

/** Reads the body of a response part by part, and no faster than its parts are taken. */
export class BodyReader {
  readonly #body: HttpBody;
  readonly #parts: AsyncIterator<Uint8Array>;
  readonly #options: BodyOptions;
  readonly #collect = minorCollection();
  readonly #end = Date.now() + BODY_MILLISECONDS;

  constructor(body: HttpBody, options: BodyOptions) {
    this.#body = body;
    this.#options = options;
    // Without a listener, an error after the body was closed would end the process.
    body.on("error", () => {});
    this.#parts = body[Symbol.asyncIterator]();
  }

  /** Returns the next part; null at the end. Rejects with the signal's reason, or if the connection is lost or stalls. */
  async next(): Promise<Uint8Array | null> {
    const { signal, stallMilliseconds, onBytes } = this.#options;
    signal?.throwIfAborted();
    const fail = () => this.#body.destroy(new ResponseTimeout("The body pauses too long."));
    const timer = setTimeout(fail, Math.min(stallMilliseconds, Math.max(0, this.#end - Date.now())));
    const abort = () => this.#body.destroy();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      const { done, value } = await this.#parts.next();
      signal?.throwIfAborted();
      if (done) return null;
      onBytes(value.length);
      this.#collect(value.length);
      return value;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Returns the next part; null at the end, and if the connection is lost or stalls. */
  async nextUnlessLost(): Promise<Uint8Array | null> {
    return this.next().catch(() => {
      this.#options.signal?.throwIfAborted();
      return null;
    });
  }

  /** Closes the connection. The rest of the body is not received. */
  close(): void {
    this.#body.destroy();
  }
}
