import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { shortReply } from "./short-reply.js";

/** Time in which a refused client can read why. */
const GOODBYE_MILLISECONDS = 500;

/** Writes a short reply and ends the connection, even if the client keeps its half open. */
export function endConnection(socket: Socket, status: number, message: string): void {
  socket.on("error", () => socket.destroy());
  socket.end(rawReply(status, message));
  // Bytes that nobody reads would turn the end into a reset, and the client would not see the reply.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), GOODBYE_MILLISECONDS);
  socket.once("close", () => clearTimeout(timer));
}

/** Returns the bytes of a reply for a connection without a request. The message must be ASCII. */
function rawReply(status: number, message: string): string {
  const { headers = {}, body = "" } = shortReply(status, message);
  const lines = { ...headers, "content-length": String(body.length), connection: "close" };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join("")}\r\n${String(body)}`;
}
