import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpReply, StreamedReply, WholeReply } from "./exchange.js";
import type { NodeRequest } from "./node-request.js";
import { NodeWriter } from "./node-writer.js";

/** Most bytes of a refused body that are read, so that the client can finish sending and then read the refusal. */
const MAX_DISCARDED_BYTES = 16_777_216;
/** Longest time for that. */
const DISCARD_MILLISECONDS = 2000;
/** Slowest rate at which a client may read a whole reply, after the time for unread replies: 16 KB/s. */
const SLOWEST_BYTES_PER_MILLISECOND = 16;

export interface SendOptions {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  /** Null for replies that are made before there is a request. */
  readonly request: NodeRequest | null;
  readonly unreadMilliseconds: number;
  /** Whether the connection ends with this reply. */
  readonly isLast: boolean;
}

/** Sends a reply. Resolves when all of it was handed to the connection. Rejects with the error of a broken stream. */
export function sendReply(reply: HttpReply, options: SendOptions): void | Promise<void> {
  return "stream" in reply ? sendStream(reply, options) : sendWhole(reply, options);
}

function sendWhole(reply: WholeReply, options: SendOptions): void {
  const { incoming, response, isLast } = options;
  const body = reply.body ?? "";
  const bytes = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  const headers: Record<string, string | number> = { ...reply.headers };
  if (reply.status !== 204 && reply.status !== 304) headers["content-length"] = bytes;
  // A body that nobody reads would be taken for the next request's time.
  const isUnread = !incoming.complete;
  if (isLast || isUnread) headers.connection = "close";
  response.writeHead(reply.status, headers);
  const sent = incoming.method === "HEAD" ? "" : body;
  if (isUnread) {
    discardBody(sent, options);
    return;
  }
  response.end(sent);
  const waiting = response.socket?.writableLength ?? 0;
  if (waiting > 0) disconnectLater(response, options.unreadMilliseconds + waiting / SLOWEST_BYTES_PER_MILLISECOND);
}

/**
 * Sends a reply to a client that still sends its body. If the connection were closed now, the system would reset it, and
 * the client would not see the reply.
 */
function discardBody(sent: string | Uint8Array, { incoming, response }: SendOptions): void {
  let bytes = 0;
  const finish = () => {
    clearTimeout(timer);
    incoming.off("data", onData).off("end", finish).off("close", finish);
    response.end();
  };
  const onData = (piece: Uint8Array) => {
    bytes += piece.byteLength;
    if (bytes > MAX_DISCARDED_BYTES) finish();
  };
  const timer = setTimeout(finish, DISCARD_MILLISECONDS);
  incoming.on("data", onData).on("end", finish).on("close", finish);
  if (sent.length > 0) response.write(sent);
  else response.flushHeaders();
}

/** Ends a connection in the middle of a stream, after what was written. The client sees that the stream is not complete. */
export function cutOff(response: ServerResponse, unreadMilliseconds: number): void {
  response.socket?.destroySoon();
  disconnectLater(response, unreadMilliseconds);
}

function disconnectLater(response: ServerResponse, milliseconds: number): void {
  const timer = setTimeout(() => response.destroy(), milliseconds);
  response.once("close", () => clearTimeout(timer));
}

async function sendStream(reply: StreamedReply, options: SendOptions): Promise<void> {
  const { incoming, response, request, isLast } = options;
  response.writeHead(reply.status, isLast ? { ...reply.headers, connection: "close" } : reply.headers);
  if (incoming.method === "HEAD") {
    response.end();
    return;
  }
  response.flushHeaders();
  const writer = new NodeWriter(response, options.unreadMilliseconds);
  if (request !== null) {
    request.onLeave = () => writer.leave();
    if (request.hasLeft) writer.leave();
  }
  await reply.stream(writer);
  response.end();
}
