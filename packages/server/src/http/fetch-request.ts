import { refuseByHeaders } from "./body-errors.js";
import type { BodyShare } from "./body-space.js";
import type { HttpRequest } from "./exchange.js";
import type { HttpLimits } from "./http-limits.js";
import { parseJsonBody } from "./parse-json-body.js";
import { readWebBody } from "./read-web-body.js";
import { queryValue, type RequestTarget } from "./request-target.js";

export interface FetchRequestParts {
  readonly request: Request;
  readonly target: RequestTarget;
  readonly limits: HttpLimits;
  /** Space for the body. The entrance releases it when the request is answered. */
  readonly share: BodyShare;
}

/** A platform `Request` in the form that routes read. */
export class FetchRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly #parts: FetchRequestParts;
  readonly #controller = new AbortController();
  #body: Promise<Uint8Array> | null = null;
  #json: Promise<unknown> | null = null;

  constructor(parts: FetchRequestParts) {
    this.#parts = parts;
    this.method = parts.request.method;
    this.path = parts.target.path;
    const { signal } = parts.request;
    // Platforms abort it when the client leaves. The reply's stream is canceled by some instead.
    if (signal.aborted) this.leave();
    else signal.addEventListener("abort", () => this.leave(), { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  header(name: string): string | null {
    const { headers, url } = this.#parts.request;
    // Some platforms put the host only into the address.
    return headers.get(name) ?? (name === "host" ? new URL(url).host : null);
  }

  query(name: string): string | null {
    return queryValue(this.#parts.target.query, name);
  }

  body(maxBytes = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
    this.#body ??= this.#readBody(maxBytes);
    return this.#body;
  }

  json(): Promise<unknown> {
    this.#json ??= this.#readJson();
    return this.#json;
  }

  async #readBody(maxBytes: number): Promise<Uint8Array> {
    const { request, limits, share } = this.#parts;
    const bodyBytes = Math.min(limits.bodyBytes, maxBytes);
    const refused = refuseByHeaders((name) => this.header(name), bodyBytes);
    if (refused !== null) throw refused;
    return readWebBody(request, { ...limits, bodyBytes }, share);
  }

  async #readJson(): Promise<unknown> {
    return parseJsonBody(await this.body(), this.#parts.share, (name) => this.header(name));
  }

  leave(): void {
    this.#controller.abort();
  }
}
