import type { NanoAgentError } from "@nanoagent/models";

/** The abort of a request for embeddings: by its client, or by the service with an error of its own. */
export class EmbeddingTurn {
  readonly #abort = new AbortController();
  readonly #client: AbortSignal;
  #reason: NanoAgentError | null = null;
  /** As of the events of a reply: null until the agent is used. */
  last: "run-start" | null = null;

  constructor(client: AbortSignal) {
    this.#client = client;
    client.addEventListener("abort", this.#onLeft, { once: true });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  abort(reason: NanoAgentError | null = null): void {
    this.#reason ??= reason;
    this.#abort.abort();
  }

  /** Returns the error that the request fails with, instead of one of its agent. */
  errorFor(error: unknown): unknown {
    return this.#abort.signal.aborted ? (this.#reason ?? error) : error;
  }

  end(): void {
    this.#client.removeEventListener("abort", this.#onLeft);
  }

  readonly #onLeft = (): void => this.abort();
}
