import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { TlsSettings } from "@nanoagent/models";
import { BodySpace } from "./body-space.js";
import { Connections } from "./connections.js";
import { endConnection } from "./end-connection.js";
import type { HttpReply, HttpRequest } from "./exchange.js";
import { defaultLimits, type HttpLimits, MAX_HEADER_BYTES } from "./http-limits.js";
import { listenError } from "./listen-error.js";
import { listenUrl } from "./listen-url.js";
import { NodeRequest } from "./node-request.js";
import { parseTarget } from "./request-target.js";
import { cutOff, sendReply } from "./send-reply.js";
import { shortReply } from "./short-reply.js";
import { readTlsFiles } from "./tls-files.js";

/** How often Node looks for connections that are too slow. */
const CHECK_MILLISECONDS = 1000;

export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls?: TlsSettings | undefined;
  /** Default: 1024. */
  readonly maxConnections?: number | undefined;
  readonly limits?: Partial<HttpLimits> | undefined;
  /** Called for connections that end without reaching a route. */
  readonly onRefused?: ((refusal: Refusal) => void) | undefined;
}

export interface Refusal {
  readonly status: number;
  /** For the log. Contains nothing that the client sent. */
  readonly reason: string;
}

export interface Listener {
  /** Such as `http://127.0.0.1:7420`. */
  readonly url: string;
  readonly port: number;
  /** Number of open connections. */
  readonly connections: number;
  /**
   * Takes no new connections and ends idle ones. Running replies may end within the given time, then their connections
   * end, too. Never rejects.
   */
  close(graceMilliseconds: number): Promise<void>;
}

export type HttpHandler = (request: HttpRequest) => Promise<HttpReply>;

/**
 * Listens for HTTP requests, with `node:http` or, if `tls` is given, `node:https`. Costs hardly more than these: requests
 * and replies are light objects instead of the platform's. Rejects with {@link ServiceError} `listen-failed` or `listen-not-permitted`.
 */
export async function listenOn(handle: HttpHandler, options: ListenOptions): Promise<Listener> {
  const limits = { ...defaultLimits, ...options.limits };
  const server = await createNodeServer(limits, options.tls);
  const isPlain = options.tls === undefined;
  const connections = new Connections({ limit: options.maxConnections ?? limits.connections, isPlain });
  const entrance = new Entrance(handle, limits, connections, options.onRefused ?? (() => {}));
  entrance.attachTo(server);
  // The form of addresses in URLs.
  const host = options.host.replace(/^\[(.*)\]$/, "$1");
  await listen(server, { host, port: options.port });
  const { port } = server.address() as AddressInfo;
  let closed: Promise<void> | null = null;
  return {
    port,
    url: listenUrl({ host, port, isSecure: !isPlain }),
    get connections() {
      return connections.count;
    },
    close(graceMilliseconds) {
      closed ??= entrance.close(server, graceMilliseconds);
      return closed;
    },
  };
}

async function createNodeServer(limits: HttpLimits, tls: TlsSettings | undefined): Promise<Server> {
  const options: ServerOptions = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: limits.headerMilliseconds,
    // Bodies that a route reads have their own limit. This one is for the others.
    requestTimeout: limits.headerMilliseconds + limits.bodyMilliseconds,
    keepAliveTimeout: limits.idleMilliseconds,
    connectionsCheckingInterval: Math.min(CHECK_MILLISECONDS, limits.headerMilliseconds / 2),
    insecureHTTPParser: false,
  };
  if (tls === undefined) return createServer(options);
  const files = await readTlsFiles(tls);
  const { createServer: createSecureServer } = await import("node:https");
  return createSecureServer({ ...options, ...files, handshakeTimeout: limits.headerMilliseconds });
}

function listen(server: Server, address: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: unknown) => reject(listenError(cause, address));
    server.once("error", onError);
    const onListening = () => {
      server.off("error", onError);
      // A connection that cannot be accepted, as when the process has no free file, is the client's to repeat.
      server.on("error", () => {});
      resolve();
    };
    try {
      server.listen(address, onListening);
    } catch (cause) {
      onError(cause);
    }
  });
}

/** Passes requests of a server to the handler, and the handler's replies to the connections. */
class Entrance {
  readonly #handle: HttpHandler;
  readonly #limits: HttpLimits;
  readonly #connections: Connections;
  readonly #onRefused: (refusal: Refusal) => void;
  readonly #space: BodySpace;
  readonly #ending = new WeakSet<Socket>();
  #isClosing = false;

  constructor(
    handle: HttpHandler,
    limits: HttpLimits,
    connections: Connections,
    onRefused: (refusal: Refusal) => void,
  ) {
    this.#handle = handle;
    this.#limits = limits;
    this.#connections = connections;
    this.#onRefused = onRefused;
    this.#space = new BodySpace(limits.allBodiesBytes);
  }

  attachTo(server: Server): void {
    this.#connections.guard(server, () => this.#onRefused({ status: 503, reason: "too many connections" }));
    server.on("request", (incoming, response) => void this.#answer(incoming, response, false));
    server.on("checkContinue", (incoming, response) => void this.#answer(incoming, response, true));
    server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => this.#refuse(error, socket));
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse, isBodyHeld: boolean): Promise<void> {
    const target = parseTarget(incoming.url ?? "");
    const problem = target === null ? "The request target is not a valid path." : findHostProblem(incoming);
    if (target === null || problem !== null) {
      const reply = shortReply(400, problem ?? "");
      this.#onRefused({ status: 400, reason: target === null ? "target not valid" : "host header not valid" });
      void sendReply(reply, { incoming, response, request: null, unreadMilliseconds: 0, isLast: true });
      return;
    }
    const limits = this.#limits;
    const share = this.#space.open();
    const request = new NodeRequest({ incoming, response, target, limits, share, isBodyHeld });
    const end = this.#connections.begin(incoming.socket, request);
    response.on("close", () => {
      if (!response.writableFinished) request.leave();
      share.release();
      end();
    });
    try {
      const reply = await this.#handle(request);
      // A stream is run even if its client has left: only that ends what it reads from.
      if (request.hasLeft && !("stream" in reply)) return;
      const { unreadMilliseconds } = limits;
      const sent = sendReply(reply, { incoming, response, request, unreadMilliseconds, isLast: this.#isClosing });
      if (sent !== undefined) await sent;
    } catch {
      this.#fail(incoming, response);
    }
  }

  /** Handlers convert errors to replies. An error that gets here is a fault of theirs. */
  #fail(incoming: IncomingMessage, response: ServerResponse): void {
    this.#onRefused({ status: 500, reason: "the handler failed" });
    if (response.headersSent) cutOff(response, this.#limits.unreadMilliseconds);
    else {
      const reply = shortReply(500, "The service failed.");
      void sendReply(reply, { incoming, response, request: null, unreadMilliseconds: 0, isLast: true });
    }
  }

  #refuse(error: NodeJS.ErrnoException, socket: Socket): void {
    if (!socket.writable || error.code === "ECONNRESET" || !this.#connections.mayRefuse(socket)) {
      socket.destroy();
      return;
    }
    if (this.#ending.has(socket)) return;
    this.#ending.add(socket);
    const [status, message] = clientErrors[error.code ?? ""] ?? [400, "The request is not valid HTTP."];
    this.#onRefused({ status, reason: error.code ?? "malformed request" });
    endConnection(socket, status, message);
  }

  async close(server: Server, graceMilliseconds: number): Promise<void> {
    this.#isClosing = true;
    const ended = new Promise<void>((resolve) => server.close(() => resolve()));
    const timer = setTimeout(() => this.#connections.destroy(), graceMilliseconds);
    this.#connections.closeIdle();
    await ended;
    clearTimeout(timer);
  }
}

/** Errors of connections, by Node's code. */
const clientErrors: Readonly<Record<string, readonly [status: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, `The headers are larger than ${MAX_HEADER_BYTES} bytes.`],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "The chunk extensions are too large."],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "The request did not arrive in time."],
};

/** Node takes the first of several Host headers; a proxy in front may take another. */
function findHostProblem({ rawHeaders }: IncomingMessage): string | null {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  if (hosts === 1) return null;
  return hosts === 0 ? "The request has no Host header." : "The request has more than one Host header.";
}
