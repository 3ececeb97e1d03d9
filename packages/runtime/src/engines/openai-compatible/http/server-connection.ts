import type { Agent, ClientRequest } from "node:http";
import type { LookupFunction } from "node:net";
import { parseJson } from "../../../json/read-json.js";
import { onAbort } from "../../../on-abort.js";
import { findServerMessage } from "../../../server-words.js";
import { wholeJson } from "../../../whole-text.js";
import { RemoteEngineError } from "../remote-engine-error.js";
import { decompress } from "./decompress.js";
import { explainNetworkFailure, explainSentError, explainStatus } from "./explain-failure.js";
import { loopbackOnly } from "./loopback-lookup.js";
import type { RemoteTimeouts } from "./remote-timeouts.js";
import { ReplyBody, tooSlow } from "./reply-body.js";
import { readRetryAfter, TransientFailure, withRetries } from "./retry.js";
import type { ServerAddress } from "./server-address.js";
import { showServerText } from "./server-text.js";

const MAX_HEADER_BYTES = 16 * 1024;
/** Limit per response. A list of hundreds of models or a chat template with its metadata is far smaller. */
const MAX_ANSWER_BYTES = 4 * 2 ** 20;
/** Part of an error body that is read. */
const MAX_ERROR_BYTES = 64 * 1024;
/** One for a reply, and one for a small request beside it. */
const MAX_IDLE_SOCKETS = 2;
/** Servers close idle connections after 5 seconds. Closing them earlier avoids most dead connections. */
const IDLE_SOCKET_MILLISECONDS = 4000;
/** A dead connection fails within this time. A later loss happened while the server was working. */
const FOUND_DEAD_MILLISECONDS = 500;

export interface ConnectionOptions {
  apiKey: string | null;
  allowNetwork: boolean;
  timeouts: RemoteTimeouts;
  /** Resolver for host names. Default: the system's resolver. */
  lookup?: LookupFunction | undefined;
}

/** Complete response to a small request. */
export interface Answer {
  status: number;
  /** Parsed JSON, or undefined if the body is not JSON. */
  value: unknown;
  /** Error for a status other than 200. */
  refusal: RemoteEngineError | null;
}

type Transport = Pick<typeof import("node:http") | typeof import("node:https"), "Agent" | "request">;

interface Outgoing {
  method: "GET" | "POST";
  path: string;
  body: string | null;
  accept: string;
}

/**
 * HTTP client for one server, with connections that are kept open. Does not follow redirects or use a proxy. Retries
 * only refused connections and responses with status 429 or 503; after other failures the server may already be working
 * on the request. Methods throw {@link RemoteEngineError}, or the signal's reason on abort.
 */
export class ServerConnection {
  readonly address: ServerAddress;
  readonly timeouts: RemoteTimeouts;
  readonly #apiKey: string | null;
  readonly #transport: Transport;
  readonly #agent: Agent;

  private constructor(
    address: ServerAddress,
    transport: Transport,
    { apiKey, allowNetwork, timeouts, lookup }: ConnectionOptions,
  ) {
    this.address = address;
    this.timeouts = timeouts;
    this.#apiKey = apiKey;
    this.#transport = transport;
    this.#agent = new transport.Agent({
      keepAlive: true,
      maxFreeSockets: MAX_IDLE_SOCKETS,
      timeout: IDLE_SOCKET_MILLISECONDS,
      ...(allowNetwork ? lookup && { lookup } : { lookup: loopbackOnly(lookup) }),
    });
  }

  /** Prepares the client. The first request makes the first connection. */
  static async open(address: ServerAddress, options: ConnectionOptions): Promise<ServerConnection> {
    // Loading TLS costs 1 MB, which a server on this machine does not need.
    const transport = await (address.isEncrypted ? import("node:https") : import("node:http"));
    return new ServerConnection(address, transport, options);
  }

  get label(): string {
    return this.address.label;
  }

  /** Sends a small request. A refusal is part of the result. `milliseconds` is the timeout per attempt. */
  async ask(
    path: string,
    {
      body,
      signal,
      milliseconds = this.timeouts.questionMilliseconds,
    }: { body?: unknown; signal: AbortSignal; milliseconds?: number },
  ): Promise<Answer> {
    const outgoing: Outgoing = {
      method: body === undefined ? "GET" : "POST",
      path,
      body: body === undefined ? null : wholeJson(body),
      accept: "application/json",
    };
    return this.#withRetries(signal, async () => {
      const until = performance.now() + milliseconds;
      const reply = await this.#send(outgoing, milliseconds, signal);
      try {
        if (reply.status !== 200) {
          return { status: reply.status, value: undefined, refusal: await this.#readRefusal(reply) };
        }
        const text = await reply.text(MAX_ANSWER_BYTES, until - performance.now());
        return { status: 200, value: parseJson(text), refusal: null };
      } catch (error) {
        reply.cancel(error);
        throw error;
      }
    });
  }

  /**
   * Sends a request with a streamed response of type `contentType`, and returns the stream when it has begun. The
   * response's actual content type is ignored, because servers mislabel it.
   */
  async stream(path: string, body: unknown, contentType: string, signal: AbortSignal): Promise<ReplyBody> {
    const outgoing: Outgoing = { method: "POST", path, body: wholeJson(body), accept: contentType };
    return this.#withRetries(signal, async () => {
      const reply = await this.#send(outgoing, this.timeouts.firstPieceMilliseconds, signal);
      try {
        if (reply.status !== 200) throw await this.#readRefusal(reply);
        return reply;
      } catch (error) {
        reply.cancel(error);
        throw error;
      }
    });
  }

  /** Returns the error for an error object in a response. */
  explainSentError(error: unknown): RemoteEngineError {
    return explainSentError(this.label, error, this.#apiKey);
  }

  /** Returns text from the server in a form that is safe to show, or undefined if nothing remains. */
  showText(text: string): string | undefined {
    return showServerText(findServerMessage(text) ?? "", this.#apiKey) || undefined;
  }

  /** Closes all connections. Pending reads fail. */
  close(): void {
    this.#agent.destroy();
  }

  #withRetries<Value>(signal: AbortSignal, attempt: () => Promise<Value>): Promise<Value> {
    return withRetries(attempt, { firstPauseMilliseconds: this.timeouts.retryMilliseconds, signal });
  }

  /** Resolves with the response when its headers have arrived. */
  #send(outgoing: Outgoing, milliseconds: number, signal: AbortSignal): Promise<ReplyBody> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const since = performance.now();
      const request = this.#request(outgoing);
      let reply: ReplyBody | null = null;
      const fail = (error: unknown) => {
        if (reply !== null) return reply.cancel(error);
        settled();
        request.destroy();
        reject(error);
      };
      const connecting = setTimeout(
        () => fail(tooSlow(this.label, "accept the connection")),
        this.timeouts.connectMilliseconds,
      );
      const waiting = setTimeout(() => fail(tooSlow(this.label, "start its response")), milliseconds);
      const settled = () => {
        clearTimeout(connecting);
        clearTimeout(waiting);
      };
      const stopListening = onAbort(signal, () => fail(signal.reason));
      request.on("socket", (socket) => {
        if (!socket.connecting) clearTimeout(connecting);
        else socket.once(this.address.isEncrypted ? "secureConnect" : "connect", () => clearTimeout(connecting));
      });
      request.on("response", (response) => {
        settled();
        const source = decompress(response);
        if (source === null) {
          return fail(
            RemoteEngineError.protocol(this.label, "sent a compressed response although that was not requested"),
          );
        }
        reply = new ReplyBody(this.label, request, response, source);
        resolve(reply);
      });
      request.on("error", (error) => fail(this.#explain(request, error, performance.now() - since)));
      request.on("close", () => {
        stopListening();
        // A response without a body, such as an upgrade, only fires this event.
        if (reply === null) fail(explainNetworkFailure(this.label, { code: "ECONNRESET" }));
      });
      request.end(outgoing.body ?? undefined);
    });
  }

  #request({ method, path, body, accept }: Outgoing): ClientRequest {
    const { hostname, port, basePath } = this.address;
    return this.#transport.request({
      agent: this.#agent,
      hostname,
      port,
      method,
      path: basePath + path,
      maxHeaderSize: MAX_HEADER_BYTES,
      headers: {
        accept,
        "accept-encoding": "identity",
        ...(body === null ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
        ...(this.#apiKey === null ? {} : { authorization: `Bearer ${this.#apiKey}` }),
      },
    });
  }

  /** On a connection that was never made, or that the server closed while idle, the request was never sent. */
  #explain(request: ClientRequest, cause: NodeJS.ErrnoException, milliseconds: number): unknown {
    const error = explainNetworkFailure(this.label, cause);
    const isLost = cause.code === "ECONNRESET" || cause.code === "EPIPE";
    const carriedNothing =
      cause.code === "ECONNREFUSED" ||
      cause.code === "EAI_AGAIN" ||
      (isLost && request.reusedSocket && milliseconds <= FOUND_DEAD_MILLISECONDS);
    return carriedNothing && error instanceof RemoteEngineError ? new TransientFailure(error) : error;
  }

  /** Reads the error of a refused request. Throws {@link TransientFailure} if a retry is safe. */
  async #readRefusal(reply: ReplyBody): Promise<RemoteEngineError> {
    const body = await reply.text(MAX_ERROR_BYTES, this.timeouts.questionMilliseconds).catch(() => "");
    const { status } = reply;
    const error = explainStatus(this.label, { status, body, location: reply.header("location") }, this.#apiKey);
    if (status !== 429 && status !== 503) return error;
    throw new TransientFailure(error, readRetryAfter(reply.header("retry-after")));
  }
}
