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
/** A list of hundreds of models, or a chat template with what surrounds it, is far below. */
const MAX_ANSWER_BYTES = 4 * 2 ** 20;
/** What is read of an error's body. */
const MAX_ERROR_BYTES = 64 * 1024;
/** One for a reply, one for a question beside it. */
const MAX_IDLE_SOCKETS = 2;
/** Servers close an idle connection after 5 seconds; one that is dropped before is hardly ever found dead. */
const IDLE_SOCKET_MILLISECONDS = 4000;
/** One that is nevertheless found dead is found so at once; what is lost later was lost at work. */
const FOUND_DEAD_MILLISECONDS = 500;

export interface ConnectionOptions {
  apiKey: string | null;
  allowNetwork: boolean;
  timeouts: RemoteTimeouts;
  /** What names stand for. Default: the system's resolver. */
  lookup?: LookupFunction | undefined;
}

/** An answer to a small question, read whole. */
export interface Answer {
  status: number;
  /** The value of its JSON; undefined where it is none. */
  value: unknown;
  /** Its error, where the status is not 200. */
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
 * One server, spoken to over connections that are kept. Redirects are not followed, and no proxy is used. A connection
 * that is refused, or an answer of 429 or 503, is tried again; nothing else is, because the server may be at work on it.
 * Methods throw {@link RemoteEngineError}, or the signal's reason when it aborts.
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

  /** Nothing is connected before something is asked. */
  static async open(address: ServerAddress, options: ConnectionOptions): Promise<ServerConnection> {
    // TLS costs a megabyte, which a server on this machine has no use for.
    const transport = await (address.isEncrypted ? import("node:https") : import("node:http"));
    return new ServerConnection(address, transport, options);
  }

  get label(): string {
    return this.address.label;
  }

  /** Asks for something small. A refusal is part of the answer. `milliseconds` is for each try. */
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
   * Sends a request whose answer is asked for as a stream of `contentType`, and returns the stream when it has begun. What
   * it is labelled as says little of what it is.
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

  /** The error that a server put into its answer. */
  explainSentError(error: unknown): RemoteEngineError {
    return explainSentError(this.label, error, this.#apiKey);
  }

  /** A text of the server's, fit to be shown; undefined where nothing of it is. */
  showText(text: string): string | undefined {
    return showServerText(findServerMessage(text) ?? "", this.#apiKey) || undefined;
  }

  /** Closes every connection. What is still read from one fails. */
  close(): void {
    this.#agent.destroy();
  }

  #withRetries<Value>(signal: AbortSignal, attempt: () => Promise<Value>): Promise<Value> {
    return withRetries(attempt, { firstPauseMilliseconds: this.timeouts.retryMilliseconds, signal });
  }

  /** Resolves with the answer when its headers are there. */
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
      const connecting = setTimeout(() => fail(tooSlow(this.label, "connect")), this.timeouts.connectMilliseconds);
      const waiting = setTimeout(() => fail(tooSlow(this.label, "begin its answer")), milliseconds);
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
            RemoteEngineError.protocol(this.label, "sent its answer compressed, which it was asked not to do"),
          );
        }
        reply = new ReplyBody(this.label, request, response, source);
        resolve(reply);
      });
      request.on("error", (error) => fail(this.#explain(request, error, performance.now() - since)));
      request.on("close", () => {
        stopListening();
        // An answer that is none, such as an upgrade, ends in this alone.
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

  /** A connection that was never made, or that the server had closed while it was idle, has carried nothing. */
  #explain(request: ClientRequest, cause: NodeJS.ErrnoException, milliseconds: number): unknown {
    const error = explainNetworkFailure(this.label, cause);
    const isLost = cause.code === "ECONNRESET" || cause.code === "EPIPE";
    const carriedNothing =
      cause.code === "ECONNREFUSED" ||
      cause.code === "EAI_AGAIN" ||
      (isLost && request.reusedSocket && milliseconds <= FOUND_DEAD_MILLISECONDS);
    return carriedNothing && error instanceof RemoteEngineError ? new TransientFailure(error) : error;
  }

  /** Reads what was refused. Throws where the same may be tried again. */
  async #readRefusal(reply: ReplyBody): Promise<RemoteEngineError> {
    const body = await reply.text(MAX_ERROR_BYTES, this.timeouts.questionMilliseconds).catch(() => "");
    const { status } = reply;
    const error = explainStatus(this.label, { status, body, location: reply.header("location") }, this.#apiKey);
    if (status !== 429 && status !== 503) return error;
    throw new TransientFailure(error, readRetryAfter(reply.header("retry-after")));
  }
}
