/**
 * A request in the form that routes read. Both entrances make one: `node:http`, and the fetch-style handler that apps
 * mount in their own server.
 */
export interface HttpRequest {
  readonly method: string;
  /** Path without the query, percent-decoded once: `/v1/models/agent`. */
  readonly path: string;
  /** Value of a header, by its lower-case name, or null. */
  header(name: string): string | null;
  /** Value of a query parameter, or null. */
  query(name: string): string | null;
  /** Aborts when the client has left before the end of the reply. */
  readonly signal: AbortSignal;
  /** Reads a body of at most `maxBytes`. Throws {@link ServiceError}: 400, 408, 413 and 415 as for `json`. */
  body(maxBytes?: number): Promise<Uint8Array>;
  /**
   * Reads the body as JSON. Throws {@link ServiceError}: 400 for malformed JSON, 408 for a body that is too slow, 413 for
   * one that is too large, 415 for a compressed one.
   */
  json(): Promise<unknown>;
}

export type HttpReply = WholeReply | StreamedReply;

export interface WholeReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
}

export interface StreamedReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Writes the body and resolves at its end. The headers are sent before it is called. It must not reject: an error of
   * the stream is part of the protocol that it writes.
   */
  readonly stream: (out: ReplyWriter) => Promise<void>;
}

/** Writes a streamed body. */
export interface ReplyWriter {
  /**
   * Writes text. Returns a promise if the client reads slowly, which resolves when there is room again or when the
   * client has left. Does nothing after the client has left.
   */
  write(text: string): void | Promise<void>;
}

/** Answers a request. `parameters` are the parts of the path that the route's pattern names. */
export type RouteHandler = (
  request: HttpRequest,
  parameters: Readonly<Record<string, string>>,
) => HttpReply | Promise<HttpReply>;

/** One row of the table of routes. */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path with named parts: `/v1/models/:id`. A name matches the rest of the path, slashes included, at its end. */
  readonly path: string;
  readonly handle: RouteHandler;
  /** Whether it is given without a key. Default: false. */
  readonly isOpen?: boolean | undefined;
  /**
   * Whether it is given to pages of every origin, because it is the same for everybody. A proxy that changes the Host
   * makes the service's own page a foreign one. Default: false.
   */
  readonly isPublic?: boolean | undefined;
}
