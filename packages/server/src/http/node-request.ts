import type { IncomingMessage, ServerResponse } from "node:http";
import { refuseByHeaders } from "./body-errors.js";
import type { BodyShare } from "./body-space.js";
import type { HttpRequest } from "./exchange.js";
import type { HttpLimits } from "./http-limits.js";
import { parseJsonBody } from "./parse-json-body.js";
import { readBody } from "./read-body.js";
import { queryValue, type RequestTarget } from "./request-target.js";

export interface NodeRequestParts {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: RequestTarget;
  readonly limits: HttpLimits;
  /** Space for the body. The entrance releases it when the request is answered. */
  readonly share: BodyShare;
  /** Whether the client waits for `100 Continue` before it sends the body. */
  readonly isBodyHeld: boolean;
}

/** A request of `node:http`. Everything that costs time is made when it is first used. */
export class NodeRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly #parts: NodeRequestParts;
  #controller: AbortController | null = null;
  #body: Promise<Uint8Array> | null = null;
  #json: Promise<unknown> | null = null;
  #hasLeft = false;
  /** Called when the client leaves. Only a streamed reply needs to know. */
  onLeave: (() => void) | null = null;

  constructor(parts: NodeRequestParts) {
    this.#parts = parts;
    this.method = parts.incoming.method ?? "GET";
    this.path = parts.target.path;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#hasLeft) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** Whether the client still sends the body, and nothing was answered. */
  get isBodyOpen(): boolean {
    return !this.#parts.incoming.complete && !this.#parts.response.headersSent;
  }

  header(name: string): string | null {
    const value = this.#parts.incoming.headers[name];
    // Names such as `constructor` reach properties that are not headers.
    if (typeof value === "string") return value;
    return Array.isArray(value) ? value.join(", ") : null;
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
    const { incoming, response, limits, share, isBodyHeld } = this.#parts;
    const bodyBytes = Math.min(limits.bodyBytes, maxBytes);
    const refused = refuseByHeaders((name) => this.header(name), bodyBytes);
    if (refused !== null) throw refused;
    if (isBodyHeld) response.writeContinue();
    return readBody(incoming, { ...limits, bodyBytes }, share);
  }

  async #readJson(): Promise<unknown> {
    return parseJsonBody(await this.body(), this.#parts.share, (name) => this.header(name));
  }

  /** Notes that the connection ended before the reply did. */
  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#controller?.abort();
    this.onLeave?.();
  }
}
