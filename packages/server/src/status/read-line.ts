import type { Socket } from "node:net";

/** Longest line: an event with its payload. */
const MAX_LINE_BYTES = 256 * 1024;

/** Reads the first line of a socket. Rejects for a longer one, for an end before it, and when the signal aborts. */
export async function readLine(socket: Socket, signal: AbortSignal): Promise<string> {
  for await (const line of readLines(socket)) {
    if (signal.aborted) break;
    return line;
  }
  throw new TypeError("The connection ended before its line");
}

/** Reads the lines of a socket. Throws for a line that is too long. A broken line at the end is left out. */
export async function* readLines(socket: Socket): AsyncGenerator<string, void> {
  let rest = Buffer.alloc(0);
  // The socket stays open for the answer.
  for await (const piece of socket.iterator({ destroyOnReturn: false })) {
    rest = Buffer.concat([rest, piece as Buffer]);
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      yield rest.subarray(0, end).toString("utf8");
      rest = rest.subarray(end + 1);
    }
    if (rest.length > MAX_LINE_BYTES) throw new TypeError(`The line is longer than ${MAX_LINE_BYTES} bytes`);
  }
}
