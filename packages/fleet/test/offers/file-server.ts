import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface FileServer {
  readonly url: string;
  /** Value of `range` of each request, or "all". */
  readonly ranges: string[];
  /** Headers of each request. */
  readonly headers: IncomingMessage["headers"][];
}

export type Answer = (request: IncomingMessage, response: ServerResponse, turn: number) => void;

/** Starts a server that ends with the test. `answer` gets the number of the request, from 0. */
export async function serveFile(answer: Answer): Promise<FileServer> {
  const ranges: string[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range ?? "all");
    headers.push(request.headers);
    answer(request, response, ranges.length - 1);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/garden.bundle`, ranges, headers };
}

/** First byte that a request asks for. */
export function startOf({ headers }: IncomingMessage): number {
  return Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
}

/** Answers as a good server does. `until`: bytes after which the connection breaks. */
export function sendRange(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
  { until = bytes.length, tag = '"one"' }: { until?: number; tag?: string | null } = {},
): void {
  const wanted = request.headers["if-range"];
  const from = wanted !== undefined && wanted !== tag ? 0 : startOf(request);
  response.writeHead(from === 0 ? 200 : 206, {
    "content-length": bytes.length - from,
    ...(tag !== null && { etag: tag }),
    ...(from > 0 && { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  });
  const part = bytes.subarray(from, Math.max(from, until));
  if (until >= bytes.length) response.end(part);
  else response.write(part, () => setTimeout(() => response.destroy(), 20));
}
